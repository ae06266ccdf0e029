"""What became of each change, one JSON object a line; whoever asks is told all of it.

The times are of CLOCK_MONOTONIC, in seconds.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HISTORY = Path("/var/lib/migrator/changes.jsonl")


class Happened(StrEnum):
    PROPOSED = "proposed"
    REFUSED = "refused"
    STARTED = "started"
    JUDGED = "judged"
    PROMOTED = "promoted"
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"
    STABLE = "stable"
    FAILED = "failed"


class Who(StrEnum):
    ITSELF = "itself"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class History:
    path: Path = HISTORY
    clock: Callable[[], float] = time.monotonic

    def begin(self, revision: str) -> str:
        """Give a change its name: that of its revision, with how many came before it."""
        return f"{revision}-{len({one['change'] for one in self.told()}) + 1}"

    def note(self, change: str, event: Happened, *, by: Who, why: str) -> None:
        """Write it down; it is on disk before this returns."""
        line = json.dumps(
            {
                "at": self.clock(),
                "change": change,
                "kind": "migration",
                "event": event,
                "share": None,
                "by": by,
                "why": why,
            },
            ensure_ascii=False,
        )
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())

    def told(self) -> list[dict[str, Any]]:
        """Give all that was written down; a line that is still being written is left out."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        finished, _, _ = text.rpartition("\n")
        return [json.loads(line) for line in finished.splitlines()]

    def latest(self) -> str | None:
        told = self.told()
        return str(told[-1]["change"]) if told else None
