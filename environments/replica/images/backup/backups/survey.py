"""Looks at everything once a second at most, however many ask."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from . import archiver, catalogue
from .commands import ask
from .findings import findings
from .retention import read_retention
from .runs import read_runs
from .unknown import Unknown, known_or_why

if TYPE_CHECKING:
    from .archiver import Archiver
    from .catalogue import Catalogue
    from .runs import Runs
    from .schedule import Schedule
    from .settings import Settings

ANSWER_SECONDS = 5.0
FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that is known at ``now`` (seconds since 1970)."""

    now: float
    stanza: str
    repository: str
    schedule: Schedule
    catalogue: Catalogue | Unknown
    archiver: Archiver | Unknown
    runs: Runs
    retention: str | Unknown
    version: str | Unknown
    findings: tuple[str, ...]


class Survey:
    """``within`` is how many seconds each program that is asked may take; they run at once."""

    def __init__(self, settings: Settings, *, within: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._within = within
        self._lock = Lock()
        self._view: View | None = None
        self._ended = 0.0

    def look(self) -> View:
        """Look, or share what was seen within the last second; never fails."""
        with self._lock:
            if self._view is None or time.monotonic() - self._ended > FRESH_SECONDS:
                self._view = self._look()
                self._ended = time.monotonic()
            return self._view

    def _look(self) -> View:
        settings, target = self._settings, self._settings.target
        with ThreadPoolExecutor(3) as pool:
            asking = pool.submit(known_or_why, self._archiver)
            listing = pool.submit(known_or_why, self._catalogue)
            naming = pool.submit(known_or_why, self._version)
        how_archiving_goes, what_there_is = asking.result(), listing.result()
        runs, now = read_runs(target.state), time.time()
        return View(
            now=now,
            stanza=target.stanza,
            repository=target.repository,
            schedule=settings.schedule,
            catalogue=what_there_is,
            archiver=how_archiving_goes,
            runs=runs,
            retention=known_or_why(
                partial(read_retention, settings.configuration, target.repository)
            ),
            version=naming.result(),
            findings=findings(what_there_is, runs, how_archiving_goes, settings.schedule, now),
        )

    def _archiver(self) -> Archiver:
        settings = self._settings
        return archiver.ask_primary(
            settings.database_router, settings.monitor_password, within=self._within
        )

    def _catalogue(self) -> Catalogue:
        target = self._settings.target
        command = (
            "pgbackrest", f"--stanza={target.stanza}", f"--repo={target.repository}",
            "--output=json", "--log-level-console=off", "--log-level-stderr=error", "info",
        )  # fmt: skip
        return catalogue.parse(ask(command, within=self._within), target.stanza)

    def _version(self) -> str:
        return ask(("pgbackrest", "version"), within=self._within).strip()
