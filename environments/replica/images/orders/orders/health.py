"""What the health endpoints say, found out in the background so that asking is cheap."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .database import DatabaseUnavailableError
from .pool import FAILURES, describe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .database import Connection, Database

CHECK_SECONDS = 0.75  # one check, at most
PAUSE_SECONDS = 0.5
PAUSE_AFTER_FAILURE_SECONDS = 0.1  # back in rotation soon after the database is back
STALE_SECONDS = 2.0
FAILED_CHECKS = 2  # one slow check under load is no outage


@dataclass(frozen=True, slots=True)
class Question:
    """What a database is asked; ``complaint`` is what it means when it says no."""

    sql: str
    complaint: str


TAKES_WRITES = Question("SELECT NOT pg_is_in_recovery()", "it is a standby and takes no writes")
HAS_ORDERS = Question("SELECT to_regclass('orders') IS NOT NULL", "it has no orders")


class View(Protocol):
    """A way to look at a database; closed after each look that failed."""

    async def ask(self, sql: str) -> bool: ...
    def close(self) -> None: ...


class OwnConnection:
    """Looks over a connection of its own, so that it queues behind nobody."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        is_stale: Callable[[Connection], bool] = lambda _: False,
    ) -> None:
        self._connect = connect
        self._is_stale = is_stale
        self._connection: Connection | None = None

    async def ask(self, sql: str) -> bool:
        if self._connection is not None and self._is_stale(self._connection):
            self.close()
        if self._connection is None:
            self._connection = await self._connect()
        return bool(await self._connection.fetchval(sql))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


class CustomersConnection:
    """Looks as customers do, and queues with them: a full pool looks like a database gone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, sql: str) -> bool:
        async with self._database.connection(within=CHECK_SECONDS) as connection:
            return bool(await connection.fetchval(sql))

    def close(self) -> None:
        """Nothing is kept."""


class DatabaseWatch:
    def __init__(
        self, view: View, question: Question, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._view = view
        self._question = question
        self._clock = clock
        self._failures = 0
        self._reason: str | None = "not looked at yet"
        self._looked_at = clock()

    @property
    def trouble(self) -> str | None:
        age = self._clock() - self._looked_at
        if age > STALE_SECONDS:
            return f"no check has ended for {age:.1f} s"
        return self._reason

    async def check(self) -> None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                good = await self._view.ask(self._question.sql)
        except TimeoutError:
            self._failed(f"no answer within {CHECK_SECONDS:g} s")
        except DatabaseUnavailableError as error:
            self._failed(str(error))
        except FAILURES as error:
            self._failed(describe(error))
        else:
            if good:
                self._failures, self._reason = 0, None
            else:
                self._failed(self._question.complaint)
        self._looked_at = self._clock()

    @property
    def pause(self) -> float:
        return PAUSE_AFTER_FAILURE_SECONDS if self._failures else PAUSE_SECONDS

    def close(self) -> None:
        self._view.close()

    def _failed(self, reason: str) -> None:
        self.close()
        self._failures += 1
        if self._failures >= FAILED_CHECKS:
            self._reason = reason


class Dependency(Protocol):
    """``trouble`` is what is wrong with it, None where nothing is."""

    @property
    def trouble(self) -> str | None: ...


class Indispensable(Dependency, Protocol):
    """``must_leave`` says that customers are better served by others."""

    @property
    def must_leave(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Report:
    """``ready`` means that customers can be sent here; ``status`` says for what."""

    ready: bool
    status: str  # ok, degraded, read-only, starting, unavailable
    dependencies: Mapping[str, str]


@dataclass(slots=True)
class Health:
    """Customers need the database alone: without cache or payments they are still served.

    Without its primary, but with a ``replica``, they are served what they read.
    ``needs_cache`` is the mistake of the opposite: one dependency that every instance has
    takes all of them out of rotation at once. ``log`` is the file of its log lines, if any.
    """

    database: Dependency
    cache: Dependency
    payments: Dependency
    replica: Dependency | None = None
    log: Dependency | None = None
    clock: Indispensable | None = None  # None: nothing here depends on what time it is
    auth: Indispensable | None = None  # None: tokens are not issued elsewhere
    configuration: Dependency | None = None  # None: it is built in
    needs_cache: bool = False
    started: bool = False
    why_not_started: str = "the database has not been asked yet"

    @property
    def is_read_only(self) -> bool:
        """Whether orders can be read, and certainly cannot be made."""
        takes_writes = self.started and self.database.trouble is None
        return self.replica is not None and not takes_writes and self.replica.trouble is None

    def startup(self) -> Report:
        if self.started:
            return Report(ready=True, status="ok", dependencies={"database": "ok"})
        reasons = {"database": self.why_not_started}
        return Report(ready=False, status="starting", dependencies=reasons)

    def readiness(self) -> Report:
        reasons = self._reasons()
        if self.needs_cache and reasons["cache"] != "ok":
            return Report(ready=False, status="unavailable", dependencies=reasons)
        if any(one is not None and one.must_leave for one in (self.clock, self.auth)):
            return Report(ready=False, status="unavailable", dependencies=reasons)
        if self.is_read_only:
            return Report(ready=True, status="read-only", dependencies=reasons)
        if not self.started:
            return self.startup()
        if reasons["database"] != "ok":
            return Report(ready=False, status="unavailable", dependencies=reasons)
        well = all(reason == "ok" for reason in reasons.values())
        status = "ok" if well else "degraded"
        return Report(ready=True, status=status, dependencies=reasons)

    def _reasons(self) -> Mapping[str, str]:
        helpers = {"cache": self.cache.trouble, "payments": self.payments.trouble}
        if self.replica is not None:
            helpers["replica"] = self.replica.trouble
        if self.log is not None:
            helpers["log"] = self.log.trouble
        if self.clock is not None:
            helpers["clock"] = self.clock.trouble
        if self.auth is not None:
            helpers["auth"] = self.auth.trouble
        if self.configuration is not None:
            helpers["configuration"] = self.configuration.trouble
        return {"database": self.database.trouble or "ok"} | {
            name: f"degraded: {trouble}" if trouble else "ok"
            for name, trouble in helpers.items()
        }
