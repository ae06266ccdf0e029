"""We believe that settlement pays what is pending, and one order only to probe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from environments.replica.images.orders.orders.breaker import State
from environments.replica.images.orders.orders.payments import Charge, Outcome, Payments
from environments.replica.images.orders.orders.settlement import BATCH, Settlement
from environments.replica.images.orders.orders.store import NewOrder, Order, Store

if TYPE_CHECKING:
    from collections.abc import Sequence


class Orders:
    def __init__(self, count: int) -> None:
        self.pending = [
            Order(id=i, key=f"k{i}", customer="ada", item="x", amount_cents=i, status="pending")
            for i in range(count)
        ]
        self.claims: list[int] = []
        self.paid: list[str] = []

    async def claim(self, most: int) -> list[Order]:
        self.claims.append(most)
        claimed, self.pending = self.pending[:most], self.pending[most:]
        return claimed

    async def mark_paid(self, keys: Sequence[str]) -> None:
        self.paid += keys


class Till:
    def __init__(self, state: State = State.CLOSED, *, opens_after: int = 10**9) -> None:
        self.state, self.left = state, opens_after

    async def charge_later(self, _: NewOrder) -> Charge:
        self.left -= 1
        if self.left < 0:
            self.state = State.OPEN
            return Charge(paid=False, outcome=Outcome.TIMEOUT)
        return Charge(paid=True, outcome=Outcome.OK)


def settle(orders: Orders, till: Till) -> bool:
    settlement = Settlement(cast("Store", orders), cast("Payments", till))
    return asyncio.run(settlement.settle_batch())


def test_a_whole_batch_is_paid_and_the_next_is_worth_trying() -> None:
    orders = Orders(BATCH + 10)
    assert settle(orders, Till())
    assert len(orders.paid) == BATCH
    assert not settle(orders, Till())
    assert len(orders.paid) == BATCH + 10


@pytest.mark.parametrize(("state", "claims"), [(State.HALF_OPEN, [1]), (State.OPEN, [])])
def test_the_circuit_bounds_what_is_claimed(state: State, claims: list[int]) -> None:
    orders = Orders(BATCH)
    settle(orders, Till(state))
    assert orders.claims == claims


def test_it_stops_when_the_circuit_opens_and_keeps_what_was_paid() -> None:
    orders = Orders(BATCH)
    till = Till(opens_after=6)
    assert not settle(orders, till)
    assert orders.paid == [f"k{i}" for i in range(6)]
    assert till.left == -2, "it went on calling after the circuit had opened"
