"""We believe that orders charged while a mark is on its way are marked together next.

And that nobody waits longer than they said.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from environments.replica.images.orders.orders.marking import Marking

if TYPE_CHECKING:
    from collections.abc import Sequence


class SlowOrders:
    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.asked, self.free = asyncio.Event(), asyncio.Event()

    async def mark_paid(self, keys: Sequence[str]) -> None:
        self.batches.append(list(keys))
        self.asked.set()
        await self.free.wait()


def test_marks_are_made_together() -> None:
    async def body() -> None:
        orders = SlowOrders()
        marking = Marking(orders)
        running = asyncio.create_task(marking.run())
        marks = [asyncio.create_task(marking.mark("a", within=1))]
        await orders.asked.wait()
        marks += [asyncio.create_task(marking.mark(key, within=1)) for key in ("b", "c", "b")]
        await asyncio.sleep(0)
        orders.free.set()
        assert await asyncio.gather(*marks) == [True] * 4
        assert orders.batches == [["a"], ["b", "c"]]
        running.cancel()

    asyncio.run(body())


def test_whoever_waits_waits_no_longer_than_said() -> None:
    async def body() -> None:
        orders = SlowOrders()
        marking = Marking(orders)
        running = asyncio.create_task(marking.run())
        assert not await marking.mark("a", within=0.01)
        orders.free.set()
        assert await marking.mark("b", within=1)
        running.cancel()

    asyncio.run(body())
