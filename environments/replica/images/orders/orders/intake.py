"""Take an order: commit it, then try to have it paid."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Protocol

from configuration.schema import Flags, OrderLimits

from . import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from .payments import Charge
    from .store import NewOrder, Order

# Together under the two seconds after which customers give up:
INSERT_SECONDS = 1.3  # until the order is on two disks, waiting for a connection included
CHARGE_UNTIL_SECONDS = 0.8  # with more than this gone, payments (0.8 s at most) can wait
MARK_SECONDS = 0.3
BUILT_IN = OrderLimits(insert_seconds=INSERT_SECONDS)
# What is new is off until somebody switches it on.
FLAGS = Flags(charge_at_once=True, customer_pages=True, receipts=False)


class KeyReusedError(Exception):
    """The idempotency key belongs to an order that says something else."""


class Orders(Protocol):
    async def insert(self, new: NewOrder, *, within: float) -> tuple[Order, bool]: ...


class Till(Protocol):
    async def charge_for_customer(self, order: NewOrder) -> Charge: ...


class Marking(Protocol):
    async def mark(self, key: str, *, within: float) -> bool: ...


class Intake:
    def __init__(  # noqa: PLR0913 - each is given alone to its tests
        self,
        orders: Orders,
        till: Till,
        marking: Marking,
        clock: Callable[[], float] = time.monotonic,
        *,
        limits: Callable[[], OrderLimits] = lambda: BUILT_IN,
        flags: Callable[[], Flags] = lambda: FLAGS,
    ) -> None:
        self._orders = orders
        self._till = till
        self._marking = marking
        self._clock = clock
        self._limits = limits
        self._flags = flags

    async def take(self, new: NewOrder) -> tuple[Order, bool]:
        """Give the order under this key, and whether this call created it.

        Once it is committed nothing can turn the answer into a failure: what goes wrong
        afterwards leaves it pending, and settlement tries again.

        Raises:
            DatabaseUnavailableError: it may have been committed or not.
            KeyReusedError: another order has the key.
        """
        began = self._clock()
        within = self._limits().insert_seconds
        order, created = await self._orders.insert(new, within=within)
        if not created:
            _check_same(order, new)
            return order, False
        late = self._clock() - began > CHARGE_UNTIL_SECONDS
        if late or not self._flags().charge_at_once:
            return order, True
        charge = await self._till.charge_for_customer(order)
        telemetry.count_charge("customer", charge)
        if charge.paid and await self._marking.mark(order.key, within=MARK_SECONDS):
            return replace(order, status="paid"), True
        return order, True


def _check_same(order: Order, new: NewOrder) -> None:
    asked = asdict(new)
    if any(getattr(order, name) != value for name, value in asked.items()):
        raise KeyReusedError(f"the key {new.key!r} belongs to a different order")
