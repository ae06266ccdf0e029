"""What the health endpoints say, found out in the background so that asking is cheap."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .database import connect
from .pool import FAILURES, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import asyncpg

    from .settings import Settings

CHECK_SECONDS = 0.75  # one check, at most
PAUSE_SECONDS = 0.5
PAUSE_AFTER_FAILURE_SECONDS = 0.1  # back in rotation soon after the database is back
STALE_SECONDS = 2.0
FAILED_CHECKS = 2  # one slow check under load is no outage


class DatabaseWatch:
    """Looks at the database over a connection of its own, so that it queues behind nobody."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
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
                takes_writes = await self._look()
        except TimeoutError:
            self._failed(f"no answer within {CHECK_SECONDS:g} s")
        except FAILURES as error:
            self._failed(describe(error))
        else:
            if takes_writes:
                self._failures, self._reason = 0, None
            else:
                self._failed("it is a standby and takes no writes")
        self._looked_at = self._clock()

    @property
    def pause(self) -> float:
        return PAUSE_AFTER_FAILURE_SECONDS if self._failures else PAUSE_SECONDS

    def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _look(self) -> bool:
        if self._connection is None:
            self._connection = await connect(self._settings)
        return bool(await self._connection.fetchval("SELECT NOT pg_is_in_recovery()"))

    def _failed(self, reason: str) -> None:
        self.close()
        self._failures += 1
        if self._failures >= FAILED_CHECKS:
            self._reason = reason


class Dependency(Protocol):
    """``trouble`` is what is wrong with it, None where nothing is."""

    @property
    def trouble(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Report:
    ready: bool
    status: str
    dependencies: Mapping[str, str]


@dataclass(slots=True)
class Health:
    """Customers need the database alone: without cache or payments they are still served.

    ``needs_cache`` is the mistake of the opposite: one dependency that every instance has
    takes all of them out of rotation at once.
    """

    database: Dependency
    cache: Dependency
    payments: Dependency
    needs_cache: bool = False
    started: bool = False
    why_not_started: str = "the database has not been asked yet"

    def startup(self) -> Report:
        if self.started:
            return Report(ready=True, status="ok", dependencies={"database": "ok"})
        reasons = {"database": self.why_not_started}
        return Report(ready=False, status="starting", dependencies=reasons)

    def readiness(self) -> Report:
        if not self.started:
            return self.startup()
        helpers = {"cache": self.cache.trouble, "payments": self.payments.trouble}
        reasons = {"database": self.database.trouble or "ok"} | {
            name: f"degraded: {trouble}" if trouble else "ok"
            for name, trouble in helpers.items()
        }
        needed = ["database", *(["cache"] if self.needs_cache else [])]
        if any(reasons[name] != "ok" for name in needed):
            return Report(ready=False, status="unavailable", dependencies=reasons)
        well = all(reason == "ok" for reason in reasons.values())
        status = "ok" if well else "degraded"
        return Report(ready=True, status=status, dependencies=reasons)
