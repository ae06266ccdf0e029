"""Keeps a fixed number of database connections, whatever happens to them.

Connecting goes on in the background and never on a customer's time: it costs tens of
milliseconds of computing (SCRAM), and a pool that connects on demand, within the time
limits of those who wait, throws that work away exactly when there is too much of it.

A connection to a primary that vanished in silence looks well. So one that was idle for a
while is asked, and the one that was used last is used first.

One whose login has changed is lent until another, made with the login of now, takes its place:
a login can be taken away without a moment in which there are fewer connections.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

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

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        size: int,
        is_stale: Callable[[Connection], bool] = lambda _: False,
    ) -> None:
        self._connect = connect
        self._size = size
        self._is_stale = is_stale
        self._replaced: WeakSet[Connection] = WeakSet()  # while lent
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
        if connection.is_closed() or connection in self._replaced:
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
        successor: Connection | None = None
        while True:
            connection = successor or await self._connected()
            try:
                self._open += 1
                successor = await self._look_after(connection)
            except asyncio.CancelledError:
                connection.terminate()
                raise
            finally:
                self._open -= 1
            self._let_go(connection)

    async def _connected(self) -> Connection:
        """Try until it is made; the turn is kept through the pause after a failure.

        An attempt holds a place in the database until it is refused. Keepers that tried again
        each for itself would keep a full database full.
        """
        while True:
            if connection := await self._try_to_connect():
                return connection

    async def _try_to_connect(self) -> Connection | None:
        async with self._turn:
            try:
                connection = await self._connect()
            except FAILURES as error:
                self.trouble = describe(error)
                await asyncio.sleep(RETRY_SECONDS)
                return None
            self.trouble = None
            return connection

    def _let_go(self, connection: Connection) -> None:
        """End what nobody works with; who does ends it by giving it back."""
        if connection in self._idle:
            self._idle.remove(connection)
        elif not connection.is_closed():
            self._replaced.add(connection)
            return
        connection.terminate()

    async def _look_after(self, connection: Connection) -> Connection | None:
        """Return when it has ended, or what was made to take its place."""
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
            if not ended.is_set() and self._is_stale(connection):
                successor = await self._try_to_connect()
                if successor:
                    return successor
        return None


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
