"""Lends connections to the database so that nobody is told yes where it is unknown.

A commit that waits for its synchronous standby answers a cancel with *success* and a
warning, and shows its row to everyone, though it is on one disk only. Hence:

* We never cancel. asyncpg's own time limits send a cancel request; ours end the
  connection (``terminate``), which asks the server for nothing.
* Others may (an operator, ``pg_cancel_backend``). So a warning means that the outcome is
  unknown; nothing else that we send warns.

Nor is anybody told no where it is unknown: only what was never sent was certainly not done.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import cache
from ssl import create_default_context
from typing import TYPE_CHECKING, Literal, Protocol

import asyncpg

from .pool import FAILURES, describe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from ssl import SSLContext

    from .logins import Login
    from .settings import Address, Settings

    Connection = asyncpg.Connection[asyncpg.Record]

TAKE_SECONDS = 0.4
CONNECT_SECONDS = 1.0

# For the server's side of a connection whose client has gone: let go of locks soon.
# statement_timeout (ms) does not reach into the wait for the standby: PostgreSQL takes
# it off before it commits.
SERVER_SETTINGS = {
    "application_name": "orders",
    "synchronous_commit": "on",
    "statement_timeout": "1500",
    "idle_in_transaction_session_timeout": "3000",
    "client_connection_check_interval": "1000",
    "tcp_user_timeout": "3000",
}


class DatabaseUnavailableError(Exception):
    """The database did not say yes; what it was asked may have been done or not."""


class NotSentError(DatabaseUnavailableError):
    """No connection could be had: nothing was asked, so certainly nothing was done."""


class Connections(Protocol):
    """Whence connections come: ``trouble`` is why none could be made last time."""

    @property
    def trouble(self) -> str | None: ...

    @property
    def open(self) -> int: ...

    @property
    def in_use(self) -> int: ...

    async def take(self, *, within: float) -> Connection: ...

    def give_back(self, connection: Connection) -> None: ...


@cache
def trusted(authority: Path | None) -> SSLContext | Literal[False]:
    """Say how a database proves who it is: by the name that it is called by; or not at all."""
    return False if authority is None else create_default_context(cafile=authority)


async def connect(
    settings: Settings, address: Address, login: Login, *, within: float = CONNECT_SECONDS
) -> Connection:
    return await asyncpg.connect(
        host=address.host,
        port=address.port,
        database=settings.database_name,
        user=login.user,
        password=login.password,
        ssl=trusted(settings.database_authority),
        timeout=within,
        server_settings=SERVER_SETTINGS,
    )


class Database:
    def __init__(self, pool: Connections) -> None:
        self._pool = pool

    @asynccontextmanager
    async def connection(self, *, within: float) -> AsyncIterator[Connection]:
        """Lend a connection; everything, getting it included, ends after ``within`` seconds.

        Raises:
            NotSentError: none was free in time.
            DatabaseUnavailableError: the connection broke, an error came back, or the
                server warned about the outcome.
        """
        until = asyncio.get_running_loop().time() + within
        connection = await self.take(within=min(TAKE_SECONDS, within))
        async with self.lending(connection, until=until):
            yield connection

    async def take(self, *, within: float) -> Connection:
        """Take a connection, to be lent at once: ``lending`` gives it back.

        Raises:
            NotSentError: none could be had within so many seconds.
        """
        try:
            return await self._pool.take(within=within)
        except FAILURES as error:
            why = self._pool.trouble or f"{self._pool.in_use} are in use"
            raise NotSentError(f"no connection could be had: {why}") from error

    @asynccontextmanager
    async def lending(self, connection: Connection, *, until: float) -> AsyncIterator[None]:
        """End the connection at that time of the loop's clock, or where it is not trusted.

        Raises:
            NotSentError: it had ended already.
            DatabaseUnavailableError: it broke, an error came back, or the server warned.
        """
        loop = asyncio.get_running_loop()
        warnings: list[str] = []

        def listen(_: object, message: asyncpg.PostgresLogMessage) -> None:
            if getattr(message, "severity_en", None) == "WARNING":
                warnings.append(str(message))

        try:
            connection.add_log_listener(listen)
        except asyncpg.InterfaceError as error:  # it ended on its way to whoever waited for it
            connection.terminate()
            raise NotSentError(f"no connection could be had: {error}") from error
        timer = loop.call_at(until, connection.terminate)
        trusted = False
        try:
            yield
            trusted = not warnings
        except FAILURES as error:
            raise DatabaseUnavailableError(describe(error)) from error
        except AttributeError as error:
            # Between two of its own steps asyncpg does not expect its connection to end.
            if loop.time() < until:
                raise
            raise DatabaseUnavailableError("it was not done in time") from error
        finally:
            timer.cancel()
            if trusted:
                connection.remove_log_listener(listen)
                self._pool.give_back(connection)
            else:
                connection.terminate()
        if warnings:
            raise DatabaseUnavailableError(f"the server warned: {warnings[0]}")
