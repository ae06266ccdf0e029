"""What a killed run's own files say, read as plain lines: the oracle shares no code with it.

Times in them are of CLOCK_MONOTONIC, which all processes of one host share.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Entry = dict[str, object]

BEFORE_THE_WORLD = "before the world"
AFTER_THE_END = "after the end"
STATE_AFTER = {
    "world planned": "while starting",
    "drill started": "before the fault",
    "fault planned": "in the fault",
    "runbook started": "in the runbook",
    "runbook ended": "in the fault",
    "revert started": "while reverting",
    "fault gone": "after mending",
    "verdict": "in removal",
    "run closed": AFTER_THE_END,
}
MOMENTS = (BEFORE_THE_WORLD, *dict.fromkeys(STATE_AFTER.values()))


def read(path: Path) -> list[Entry]:
    """Read the lines that were finished; a run that is killed may leave half a line."""
    try:
        *lines, _ = path.read_text().split("\n")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The folder of one run."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def guardian_log(self) -> Path:
        return self.folder / "guardian.log"

    def is_closed(self) -> bool:
        """Whether the journal's last line says that nothing is left to do."""
        entries = read(self.journal)
        return bool(entries) and entries[-1]["event"] == "run closed"

    def guardian(self) -> str | None:
        """Give the identity of the guardian that stood by last."""
        found = [one["guardian"] for one in read(self.journal) if one["event"] == "guarded"]
        return str(found[-1]) if found else None

    def at(self, moment: float) -> str:
        """Say what was going on at that moment, and the last thing written down until then."""
        entries = [*read(self.journal), *self._timeline()]
        written = sorted((one for one in entries if _at(one) <= moment), key=_at)
        return f"{moment_after(written)} ({_last(written)})"

    def last_lines(self, count: int = 25) -> str:
        """Give the end of the journal and all that the guardian said, for a failure."""
        log = self.guardian_log
        said = log.read_text().splitlines() if log.exists() else ["(no guardian.log)"]
        lines = self.journal.read_text().splitlines()[-count:]
        return "\n".join((f"{self.journal}:", *lines, f"{log}:", *said))

    def _timeline(self) -> list[Entry]:
        return [entry for path in self.folder.glob("*/timeline.jsonl") for entry in read(path)]


def run_of(process: int, runs: Path, known: frozenset[str]) -> RunFiles | None:
    """Find the run that this process opened, among the folders that were not known."""
    for name in sorted(_names_in(runs) - known):
        found = RunFiles(runs / name)
        if _opened_by(found.journal, process):
            return found
    return None


def _names_in(runs: Path) -> frozenset[str]:
    return frozenset(one.name for one in runs.glob("*"))


def moment_after(entries: Sequence[Mapping[str, object]]) -> str:
    """Name what goes on after these entries of journal and timeline, in their order."""
    state = BEFORE_THE_WORLD
    for entry in entries:
        state = STATE_AFTER.get(str(entry["event"]), state)
    return state


def _opened_by(journal: Path, process: int) -> bool:
    first, *_ = [*read(journal), {}]
    owner = str(first.get("owner", "")).split("/")  # host/boot/namespace/number/start
    return len(owner) == 5 and owner[3] == str(process)


def _at(entry: Mapping[str, object]) -> float:
    return float(str(entry["at"]))


def _last(entries: Sequence[Mapping[str, object]]) -> str:
    return str(entries[-1]["event"]) if entries else "nothing written yet"
