"""Keeps a fixed number of database connections, whatever happens to them.

Connecting goes on in the background and never on a customer's time: it costs tens of
milliseconds of computing (SCRAM), and a pool that connects on demand, within the time
limits of those who wait, throws that work away exactly when there is too much of it.

A connection to a primary that vanished in silence looks well. So one that was idle for a
while is asked, and the one that was used last is used first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Connection = asyncpg.Connection[asyncpg.Record]

ASK_EVERY_SECONDS = 1.0
ANSWER_SECONDS = 0.75
RETRY_SECONDS = 0.1
CONNECTING_AT_ONCE = 2

# What asyncpg raises when the database, or the way to it, is not as it should be.
FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


class Pool:
    """``trouble`` is why no connection could be made last time, None where one could."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[Connection]] = deque()
        self._turn = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self._keepers: list[asyncio.Task[None]] = []
        self._open = 0
        self.trouble: str | None = None

    def start(self) -> None:
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(self._size)]

    async def stop(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    @property
    def open(self) -> int:
        return self._open

    @property
    def in_use(self) -> int:
        return self._open - len(self._idle)

    async def take(self, *, within: float) -> Connection:
        """Lend the connection that was used last; give it back, or terminate it.

        Raises:
            TimeoutError: none was free within so many seconds.
        """
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            connection.terminate()  # the server closed it: now its keeper knows
        place: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(within):
                return await place
        except (TimeoutError, asyncio.CancelledError):
            if place.done() and not place.cancelled():  # it came together with the end
                self.give_back(place.result())
            raise

    def give_back(self, connection: Connection) -> None:
        if connection.is_closed():
            connection.terminate()
            return
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(connection)
                return
        self._idle.append(connection)

    async def _keep(self) -> None:
        """Keep one connection: make it, look after it, make the next when it has ended."""
        while True:
            connection = await self._connected()
            try:
                self._open += 1
                await self._look_after(connection)
            finally:
                self._open -= 1
                connection.terminate()

    async def _connected(self) -> Connection:
        """Try until it is made; the turn is kept through the pause after a failure.

        An attempt holds a place in the database until it is refused. Keepers that tried again
        each for itself would keep a full database full.
        """
        while True:
            async with self._turn:
                try:
                    connection = await self._connect()
                except FAILURES as error:
                    self.trouble = describe(error)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    self.trouble = None
                    return connection

    async def _look_after(self, connection: Connection) -> None:
        """Return when the connection has ended."""
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        self.give_back(connection)
        while not ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(ASK_EVERY_SECONDS):
                    await ended.wait()
            if connection in self._idle:
                self._idle.remove(connection)
                if not ended.is_set() and await _answers(connection):
                    self._idle.insert(0, connection)


async def _answers(connection: Connection) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.fetchval("SELECT 1")
    except FAILURES:
        connection.terminate()
    return not connection.is_closed()


def describe(error: BaseException) -> str:
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__}{f' {state}' if state else ''}: {error}"
