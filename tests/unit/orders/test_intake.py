"""We believe that a committed order is acknowledged, whatever payments does.

And that a key stands for one order for ever.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from environments.replica.images.orders.orders.database import DatabaseUnavailableError
from environments.replica.images.orders.orders.intake import (
    CHARGE_UNTIL_SECONDS,
    FLAGS,
    Intake,
    KeyReusedError,
)
from environments.replica.images.orders.orders.marking import Marking
from environments.replica.images.orders.orders.payments import Charge, Outcome
from environments.replica.images.orders.orders.store import NewOrder, Order

if TYPE_CHECKING:
    from collections.abc import Sequence

NEW = NewOrder(key="ada-1", customer="ada", item="lamp", amount_cents=1200)
PAID = Charge(paid=True, outcome=Outcome.OK)
REJECTED = Charge(paid=False, outcome=Outcome.OPEN)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeOrders:
    def __init__(self, clock: Clock, takes_seconds: float = 0.0) -> None:
        self.clock, self.takes_seconds = clock, takes_seconds
        self.rows: dict[str, Order] = {}
        self.down = False

    async def insert(self, new: NewOrder, *, within: float) -> tuple[Order, bool]:
        assert within < 2
        self.clock.now += self.takes_seconds
        if self.down:
            raise DatabaseUnavailableError("gone")
        created = new.key not in self.rows
        if created:
            self.rows[new.key] = Order(**asdict(new), id=len(self.rows) + 1, status="pending")
        return self.rows[new.key], created

    async def mark_paid(self, keys: Sequence[str]) -> None:
        if self.down:
            raise DatabaseUnavailableError("gone")
        for key in keys:
            self.rows[key] = replace(self.rows[key], status="paid")


class Till:
    def __init__(self, orders: FakeOrders, charge: Charge, *, breaks_database: bool) -> None:
        self.orders, self.charge, self.breaks_database = orders, charge, breaks_database
        self.calls = 0

    async def charge_for_customer(self, order: NewOrder) -> Charge:
        assert order.key in self.orders.rows, "charged before the order was committed"
        self.calls += 1
        self.orders.down = self.breaks_database
        return self.charge


class Shop:
    def __init__(
        self,
        charge: Charge = PAID,
        *,
        insert_takes: float = 0.0,
        database_breaks_during_charge: bool = False,
    ) -> None:
        clock = Clock()
        self.orders = FakeOrders(clock, insert_takes)
        self.till = Till(self.orders, charge, breaks_database=database_breaks_during_charge)
        self.marking = Marking(self.orders)
        self.charges_at_once = True
        self.intake = Intake(
            self.orders,
            self.till,
            self.marking,
            clock,
            flags=lambda: replace(FLAGS, charge_at_once=self.charges_at_once),
        )

    def take(self, new: NewOrder = NEW) -> tuple[Order, bool]:
        async def with_marking() -> tuple[Order, bool]:
            marking = asyncio.create_task(self.marking.run())
            try:
                return await self.intake.take(new)
            finally:
                marking.cancel()

        return asyncio.run(with_marking())


def test_an_order_is_paid_when_payments_answers() -> None:
    shop = Shop()
    order, created = shop.take()
    assert (order.status, created) == ("paid", True)
    assert shop.orders.rows["ada-1"].status == "paid"


def test_an_order_is_left_to_settlement_while_nobody_is_charged_at_once() -> None:
    shop = Shop()
    shop.charges_at_once = False
    order, created = shop.take()
    assert (order.status, created, shop.till.calls) == ("pending", True, 0)


def test_an_order_stays_pending_when_payments_cannot_be_tried() -> None:
    shop = Shop(REJECTED)
    order, created = shop.take()
    assert (order.status, created) == ("pending", True)


def test_an_order_is_acknowledged_though_the_database_went_after_its_commit() -> None:
    order, created = Shop(database_breaks_during_charge=True).take()
    assert (order.status, created) == ("pending", True)


def test_an_order_that_was_slow_to_commit_does_not_wait_for_payments_too() -> None:
    shop = Shop(insert_takes=CHARGE_UNTIL_SECONDS + 0.01)
    order, _ = shop.take()
    assert order.status == "pending"
    assert shop.till.calls == 0


def test_the_same_order_again_is_answered_and_not_charged_again() -> None:
    shop = Shop()
    first, _ = shop.take()
    again, created = shop.take()
    assert (again, created) == (first, False)
    assert shop.till.calls == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(NEW, amount_cents=1),
        replace(NEW, item="sofa"),
        replace(NEW, customer="bob"),
    ],
)
def test_another_order_under_the_same_key_is_refused(other: NewOrder) -> None:
    shop = Shop()
    shop.take()
    with pytest.raises(KeyReusedError, match="ada-1"):
        shop.take(other)


def test_an_unknown_commit_is_no_answer() -> None:
    shop = Shop()
    shop.orders.down = True
    with pytest.raises(DatabaseUnavailableError):
        shop.take()
    assert shop.till.calls == 0
