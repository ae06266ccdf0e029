"""Connections that lead nowhere, and a pool that lends them as told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class FakeConnection:
    def __init__(self) -> None:
        self.closed = False
        self.listeners: list[Callable[[object], object]] = []

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        if not self.closed:
            self.closed = True
            for listener in self.listeners:
                asyncio.get_running_loop().call_soon(listener, self)

    def add_termination_listener(self, listener: Callable[[object], object]) -> None:
        self.listeners.append(listener)

    def add_log_listener(self, _: object) -> None:
        if self.closed:
            raise asyncpg.InterfaceError("connection is closed")

    def remove_log_listener(self, _: object) -> None:
        pass


class LendingPool:
    """Lends a new connection each time, or raises what is next in ``refuses``."""

    trouble = None

    def __init__(self, refuses: Sequence[Exception | None] = ()) -> None:
        self._refuses = list(refuses)
        self.asked = 0
        self.lent: list[FakeConnection] = []
        self.given_back: list[object] = []

    @property
    def open(self) -> int:
        return len(self.lent)

    @property
    def in_use(self) -> int:
        return len(self.lent)

    async def take(self, *, within: float) -> asyncpg.Connection[asyncpg.Record]:
        assert within > 0
        self.asked += 1
        await asyncio.sleep(0)
        refusal = self._refuses.pop(0) if self._refuses else None
        if refusal:
            raise refusal
        self.lent.append(FakeConnection())
        return cast("asyncpg.Connection[asyncpg.Record]", self.lent[-1])

    def give_back(self, connection: object) -> None:
        self.given_back.append(connection)
