"""What became of each change, numbered, in a file: for whoever watches, and for auditors.

Times are of the host's monotonic clock, so that they stay right in a process that is started
again there; whoever asks is told ages.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from . import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class Kind(StrEnum):
    RELEASE = "release"
    CONFIGURATION = "configuration"
    MIGRATION = "migration"
    FLAG = "flag"


class Happened(StrEnum):
    PROPOSED = "proposed"
    REFUSED = "refused"
    STARTED = "started"
    STAGE = "stage"  # a share of customers, or of instances, has it
    JUDGED = "judged"  # a stage was found to be good
    PROMOTED = "promoted"  # all have it
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"  # seen to be so
    STABLE = "stable"
    FAILED = "failed"


class By(StrEnum):
    ITSELF = "itself"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Entry:
    number: int
    at: float  # seconds of the monotonic clock
    wall: str  # ISO 8601
    change: str  # its id: all entries with it are about one change
    kind: Kind
    event: Happened
    share: float | None  # of customers, from 0 to 1; None where that says nothing
    by: By
    why: str

    def as_json(self, now: float) -> dict[str, object]:
        told = asdict(self)
        del told["at"]
        return {**told, "age_seconds": round(now - self.at, 3)}


class History:
    """Written by one thread, read by those that answer questions."""

    def __init__(
        self,
        file: Path,
        clock: Callable[[], float],
        today: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Go on with what is in the file; a last line that was not written whole is let be."""
        self._file = file
        self._clock, self._today = clock, today
        self._lock = threading.Lock()
        self._entries = _read(file)

    def tell(  # noqa: PLR0913 - an entry consists of that much
        self,
        change: str,
        kind: Kind,
        event: Happened,
        *,
        by: By = By.ITSELF,
        why: str = "",
        share: float | None = None,
    ) -> Entry:
        """Write down what happened, on disk before anybody is told of it."""
        with self._lock:
            number = self._entries[-1].number + 1 if self._entries else 1
            wall = self._today().isoformat()
            entry = Entry(number, self._clock(), wall, change, kind, event, share, by, why)
            with self._file.open("a") as file:
                file.write(f"{json.dumps(asdict(entry))}\n")
                file.flush()
                os.fsync(file.fileno())
            self._entries.append(entry)
        telemetry.say(
            "change", change=change, kind=kind, what=event, share=share, by=by, why=why
        )
        return entry

    def after(self, number: int) -> Sequence[Entry]:
        with self._lock:
            return [entry for entry in self._entries if entry.number > number]

    def as_json(self, after: int) -> list[dict[str, object]]:
        """Give what ``GET /changes`` answers."""
        now = self._clock()
        return [entry.as_json(now) for entry in self.after(after)]


def _read(file: Path) -> list[Entry]:
    entries: list[Entry] = []
    try:
        lines = file.read_text().splitlines(keepends=True)
    except FileNotFoundError:
        return entries
    for line in lines:
        if line.endswith("\n"):
            told = json.loads(line)
            told["kind"], told["event"] = Kind(told["kind"]), Happened(told["event"])
            told["by"] = By(told["by"])
            entries.append(Entry(**told))
    return entries
