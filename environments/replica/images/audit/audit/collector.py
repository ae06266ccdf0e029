"""Brings what the database notes into the trail, and keeps the trail's anchors there.

It also looks whose sessions there are. The database's own table has each change in the same
transaction; a row of it goes once the trail has it. What was in both for a moment, because we
died in between, is in the trail twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg

from .events import DATABASE, claim_of, entry_of, stranger_of, why_alarming
from .sessions import Session, Sessions

if TYPE_CHECKING:
    from .alerts import Alerts
    from .settings import Settings
    from .trail import Trail

    Connection = asyncpg.Connection[asyncpg.Record]

LOOK_EVERY_SECONDS = 0.3
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 3.0
AT_ONCE = 1000
NOBODYS = "the service's credential is used by somebody who is none of its instances"

_EVENTS = """
SELECT number, at, action, subject, login, pid, started, application, host(address) AS address,
       old, new
FROM audit.events ORDER BY number LIMIT $1
"""
_FORGET = "DELETE FROM audit.events WHERE number = ANY($1::bigint[])"
_SESSIONS = """
SELECT pid, backend_start, usename, application_name, coalesce(host(client_addr), '') AS address
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND starts_with(usename, $1) AND state IS NOT NULL
"""
_ANCHOR = "INSERT INTO audit.anchors (number, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING"

# What a database that is away, or not ready yet, makes asyncpg raise.
FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_LOG = logging.getLogger("audit")


@dataclass(slots=True)
class Collector:
    settings: Settings
    trail: Trail
    alerts: Alerts
    sessions: Sessions = field(default_factory=Sessions)
    trouble: str = "the database was not asked yet"
    _strange: set[Session] = field(default_factory=set)
    _anchored: int = 0

    async def run(self) -> None:
        """Go on for ever, whatever becomes of the database."""
        while True:
            try:
                await self._with_a_connection()
            except FAILURES as error:
                why = f"{type(error).__name__}: {error}"
                if why != self.trouble:
                    _LOG.warning("the database cannot be read: %s", why)
                self.trouble = why
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _with_a_connection(self) -> None:
        settings = self.settings
        connection = await asyncpg.connect(
            host=settings.database_host,
            database="orders",
            user="auditor",
            password=settings.database_password,
            timeout=CONNECT_SECONDS,
            command_timeout=ANSWER_SECONDS,
            server_settings={"application_name": "audit", "statement_timeout": "2500"},
        )
        try:
            while True:
                full = await self.turn(connection)
                self.trouble = ""
                await asyncio.sleep(0 if full else LOOK_EVERY_SECONDS)
        finally:
            connection.terminate()

    async def turn(self, connection: Connection) -> bool:
        """Look once; say whether there is more to bring at once."""
        rows = await connection.fetch(_EVENTS, AT_ONCE)
        self._bring([dict(row) for row in rows])
        if rows:
            await connection.execute(_FORGET, [row["number"] for row in rows])
        seen = await connection.fetch(_SESSIONS, self.settings.service)
        self._look([_session(row) for row in seen])
        head = self.trail.head
        if head.number > self._anchored:
            await connection.execute(_ANCHOR, head.number, head.hash)
            self._anchored = head.number
        return len(rows) == AT_ONCE

    def _bring(self, events: list[dict[str, object]]) -> None:
        entries = [entry_of(event) for event in events]
        if entries:
            self.trail.append(entries, DATABASE)
        for entry in entries:
            if why := why_alarming(entry, self.settings.service):
                self._alert(why, str(entry["actor"]))

    def _look(self, seen: list[Session]) -> None:
        claimed, strange = self.sessions.look(frozenset(seen), time.monotonic())
        new = strange - self._strange
        self._strange = set(strange)
        entries = [
            *(claim_of(session, instance) for session, instance in claimed.items()),
            *(stranger_of(session) for session in new),
        ]
        if entries:
            self.trail.append(entries, DATABASE)
        for session in strange:
            self._alert(NOBODYS, f"session {session.pid} of {session.login}")

    def _alert(self, signal: str, subject: str) -> None:
        if self.alerts.add(signal, subject, time.monotonic()):
            _LOG.warning("alert: %s (%s)", signal, subject)


def _session(row: asyncpg.Record) -> Session:
    return Session(
        pid=row["pid"],
        started=str(row["backend_start"]),
        login=row["usename"],
        application=row["application_name"],
        address=row["address"],
    )
