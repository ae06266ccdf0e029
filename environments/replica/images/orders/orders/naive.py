"""The service without its protections, as many are written: what turns a blip into a cascade.

Each part is harmless on its own and common. Together they keep an overload alive after
what began it has gone (Bronson et al., *Metastable Failures in Distributed Systems*, HotOS
2021): a slow answer is given up on, its connection and then all others are thrown away,
connecting anew costs the time that makes the next answers slow, and every failure is tried
again at once, for customers who have long gone.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from . import telemetry
from .admission import CUSTOMERS
from .database import DatabaseUnavailableError, NotSentError
from .pool import FAILURES, describe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from .database import Connection, Database
    from .health import Dependency

Value = TypeVar("Value")

TRIES = 4
CONNECT_SECONDS = 0.2  # ample, while few connect at one time
TRY_SECONDS = 0.5  # for what is asked, once connected
QUEUE_SECONDS = 10.0  # for a place in the pool: customers have gone after two and a half


class NaivePool:
    """Connects on the time of who asks, and after one failure trusts no connection.

    That is how pools commonly deal with a database that was restarted: one connection that
    broke condemns all of them (SQLAlchemy's manual, "Disconnect Handling — Optimistic");
    here one that could not be made does so, too. It begins full. ``trouble`` is why no
    connection could be made last time.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._places = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        self._distrusted: set[Connection] = set()
        self._filling: asyncio.Task[None] | None = None
        self.trouble: str | None = None

    def start(self) -> None:
        self._filling = asyncio.create_task(self._fill())

    async def stop(self) -> None:
        if self._filling:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)
        for connection in (*self._idle, *self._lent):
            connection.terminate()

    @property
    def open(self) -> int:
        return len(self._idle) + len(self._lent)

    @property
    def in_use(self) -> int:
        return len(self._lent)

    async def take(self, *, within: float) -> Connection:
        """Lend a connection; make one where none is idle.

        Raises:
            TimeoutError: no place was free within so many seconds.
            Exception: one of ``pool.FAILURES``: connecting failed.
        """
        async with asyncio.timeout(within):
            if self._filling:
                await asyncio.shield(self._filling)
            await self._places.acquire()
        try:
            connection = self._trusted_idle() or await self._made()
        except BaseException:  # who was cancelled gives the place back as well
            self._places.release()
            raise
        self._lent.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        if connection in self._distrusted:
            self._distrusted.remove(connection)
            self._lent.remove(connection)
            self._places.release()
            connection.terminate()
        elif connection in self._lent:
            self._lent.remove(connection)
            self._places.release()
            self._idle.append(connection)

    async def _fill(self) -> None:
        for _ in range(self._size):
            with suppress(*FAILURES):
                self._idle.append(await self._made())

    def _trusted_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _made(self) -> Connection:
        try:
            connection = await self._connect()
        except FAILURES as error:
            self.trouble = describe(error)
            self._distrust_all()
            raise
        self.trouble = None
        connection.add_termination_listener(lambda _: self._ended(connection))
        return connection

    def _ended(self, connection: Connection) -> None:
        self._distrusted.discard(connection)
        if connection in self._lent:
            self._lent.remove(connection)
            self._places.release()
            self._distrust_all()

    def _distrust_all(self) -> None:
        """Throw away what is idle at once, and what is lent when it is given back."""
        self._distrusted |= self._lent
        idle, self._idle = self._idle, []
        for other in idle:
            other.terminate()


class StubbornCalls:
    """Tries again at once, however often others do, and whoever has gone meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(
        self, work: Callable[[Connection], Awaitable[Value]], *, within: float
    ) -> Value:
        del within  # nobody's time limit is kept
        failures: list[DatabaseUnavailableError] = []
        for _ in range(TRIES):
            try:
                return await self._try(work)
            except DatabaseUnavailableError as error:
                failures.append(error)
        why = f"{TRIES} tries failed, the last because: {failures[-1]}"
        if all(isinstance(failure, NotSentError) for failure in failures):
            raise NotSentError(why)
        raise DatabaseUnavailableError(why)

    async def _try(self, work: Callable[[Connection], Awaitable[Value]]) -> Value:
        connection = await self._database.take(within=QUEUE_SECONDS)
        until = asyncio.get_running_loop().time() + TRY_SECONDS
        async with self._database.lending(connection, until=until):
            return await work(connection)


class LogsFirst:
    """Logs that somebody asks for something before it is done; without that line it is not."""

    def __init__(self, app: ASGIApp, log: Dependency) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(CUSTOMERS):
            telemetry.say("asked", request_id=scope["state"]["request_id"])
            if self._log.trouble:
                raise OSError(self._log.trouble)
        await self._app(scope, receive, send)
