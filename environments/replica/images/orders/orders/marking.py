"""Mark orders as paid together: one commit for all that were charged meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from . import telemetry
from .database import DatabaseUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Orders(Protocol):
    async def mark_paid(self, keys: Sequence[str]) -> None: ...


class Marking:
    """What could not be marked stays pending and is charged again: the same charge."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._charged: dict[str, asyncio.Future[bool]] = {}
        self._some = asyncio.Event()

    async def mark(self, key: str, *, within: float) -> bool:
        """Have the order marked; whether it was, as far as we know after so many seconds."""
        marked = self._charged.setdefault(key, asyncio.get_running_loop().create_future())
        self._some.set()
        try:
            async with asyncio.timeout(within):
                return await asyncio.shield(marked)
        except TimeoutError:
            return False

    async def run(self) -> None:
        """Mark until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            charged, self._charged = self._charged, {}
            done = await self._try(list(charged))
            for marked in charged.values():
                marked.set_result(done)

    async def _try(self, keys: Sequence[str]) -> bool:
        try:
            await self._orders.mark_paid(keys)
        except DatabaseUnavailableError as error:
            telemetry.warn("charged orders stay pending", keys=keys, cause=str(error))
            return False
        return True
