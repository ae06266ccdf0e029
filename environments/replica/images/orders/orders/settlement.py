"""Settle what stayed pending: oldest first, in bounded batches, on every instance."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import telemetry
from .breaker import State
from .database import DatabaseUnavailableError

if TYPE_CHECKING:
    from .payments import Payments
    from .store import Order, Store

BATCH = 100
CONCURRENT = 4
PAUSE_SECONDS = 0.5


class Settlement:
    def __init__(self, store: Store, payments: Payments) -> None:
        self._store = store
        self._payments = payments

    async def run(self) -> None:
        """Settle until cancelled; a database that is away is waited for."""
        while True:
            try:
                pending = await self._store.pending()
                busy = await self.settle_batch()
                telemetry.show_pending(pending)  # of a database that takes writes
            except DatabaseUnavailableError:
                telemetry.pending_is_unknown()
                busy = False  # readiness says so; there is nothing to add here
            if not busy:
                await asyncio.sleep(PAUSE_SECONDS)

    async def settle_batch(self) -> bool:
        """Claim and charge one batch; whether it is worth trying the next one at once."""
        most = self._most()
        if most == 0:
            return False
        claimed = await self._store.claim(most)
        paid = await self._charge(claimed)
        if paid:
            await self._store.mark_paid(paid)
        return len(paid) == most

    def _most(self) -> int:
        return {State.CLOSED: BATCH, State.HALF_OPEN: 1, State.OPEN: 0}[self._payments.state]

    async def _charge(self, orders: list[Order]) -> list[str]:
        """Give the keys that were paid; the rest are claimed again once their lease is over."""
        paid: list[str] = []
        for first in range(0, len(orders), CONCURRENT):
            few = orders[first : first + CONCURRENT]
            charges = await asyncio.gather(*map(self._payments.charge_later, few))
            for order, charge in zip(few, charges, strict=True):
                telemetry.count_charge("settlement", charge)
                if charge.paid:
                    paid.append(order.key)
            if self._payments.state is State.OPEN:
                break
        return paid
