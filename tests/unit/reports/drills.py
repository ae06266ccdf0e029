"""Makes small drills in memory and on disk, whole unless a test breaks them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from reports.ledger import FINAL_READ, LEDGER, Operation, Seen
from reports.ledger import Outcome as Told
from reports.recovery import judge, measure
from reports.timeline import Event
from reports.verdict import Injection, Objectives, Recovery, TakenBack, Verdict, Watch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from reports.timeline import Json

FAULT_AT = 10.0
STOPPED_AT = 60.0
OBJECTIVES = Objectives(rto_seconds=20.0, rpo_seconds=0.0)
WHOLE = Injection(
    fault="Kill(east-db-1)", started_at=FAULT_AT, took_effect_at=10.5, gone_at=40.0
)
WATCH = Watch(started_at=0.0, ended_at=STOPPED_AT)
SETTLE_SECONDS = 5.0
WALL = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def steady_ledger(*, every: float = 0.25, until: float = STOPPED_AT) -> NDArray[np.void]:
    """Make an open load whose every write is acknowledged an eighth of a second later."""
    began = np.arange(0.0, until, every)
    ledger = np.zeros(began.size, LEDGER)
    ledger["key"] = ledger["value"] = np.arange(began.size)
    ledger["began"], ledger["ended"] = began, began + 0.125
    ledger["outcome"], ledger["operation"] = Told.YES, Operation.CREATE
    return ledger


def reads_of_own(ledger: NDArray[np.void]) -> NDArray[np.void]:
    """Let each write be read once, a quarter of a second after it began, and be found paid."""
    reads = ledger.copy()
    reads["operation"], reads["outcome"], reads["seen"] = Operation.READ, Told.YES, Seen.PAID
    reads["began"] += 0.25
    reads["ended"] = reads["began"] + 0.125
    return reads


def fail(ledger: NDArray[np.void], since: float, until: float, told: Told = Told.NO) -> None:
    """Let the writes begun in [since, until) fail."""
    out = (ledger["began"] >= since) & (ledger["began"] < until)
    ledger["outcome"][out] = told
    if told is Told.PENDING:
        ledger["ended"][out] = np.nan


def rows_of(ledger: NDArray[np.void]) -> NDArray[np.void]:
    """Find every acknowledged write, settled."""
    taken = ledger[ledger["outcome"] == Told.YES]
    rows = np.zeros(taken.size, FINAL_READ)
    rows["key"], rows["value"], rows["settled"] = taken["key"], taken["value"], 1
    return rows


@dataclass
class Case:
    """One drill in memory: change a part, then judge it."""

    ledger: NDArray[np.void] = field(default_factory=steady_ledger)
    rows: NDArray[np.void] | None = None
    no_final_read: bool = False
    injections: Sequence[Injection] = (WHOLE,)
    watch: Watch = WATCH
    objectives: Objectives = OBJECTIVES
    taken_back: TakenBack | None = None

    def measure(self) -> Recovery:
        rows = rows_of(self.ledger) if self.rows is None else self.rows
        return measure(
            self.ledger,
            None if self.no_final_read else rows,
            injections=self.injections,
            watch=self.watch,
            settle_seconds=SETTLE_SECONDS,
            taken_back=self.taken_back,
        )

    def judge(self) -> Verdict:
        return judge(
            self.measure(), self.objectives, injections=self.injections, watch=self.watch
        )


def outage_until(ended: float) -> Case:
    case = Case()
    fail(case.ledger, FAULT_AT, ended)
    return case


@dataclass
class Folder:
    """One drill on disk, entry by entry; leave some out, add others, then write it."""

    path: Path
    entries: list[tuple[float, Event, dict[str, Json]]] = field(default_factory=list)

    def say(self, at: float, event: Event, **details: Json) -> None:
        self.entries.append((at, event, details))

    def forget(self, event: Event) -> None:
        self.entries = [entry for entry in self.entries if entry[1] is not event]

    def write(
        self, ledger: NDArray[np.void], rows: NDArray[np.void] | None, *, ending: str = ""
    ) -> Path:
        self.path.mkdir(parents=True, exist_ok=True)
        lines = [
            json.dumps(
                {"at": at, "wall": (WALL + timedelta(seconds=at)).isoformat(), "event": event}
                | details
            )
            for at, event, details in sorted(self.entries, key=lambda entry: entry[0])
        ]
        text = "".join(f"{line}\n" for line in lines) + ending
        (self.path / "timeline.jsonl").write_text(text)
        ledger.tofile(self.path / "ledger.bin")
        if rows is not None:
            rows.tofile(self.path / "final-read.bin")
        return self.path


def whole_folder(path: Path, *, rows: int) -> Folder:
    """Tell the timeline of a drill in which everything went as it should."""
    folder = Folder(path)
    folder.say(
        -2.0, Event.DRILL_STARTED,
        scenario="the_primary_is_killed", title="We lose the primary.", environment="replica",
    )  # fmt: skip
    folder.say(-1.0, Event.STEADY_BEFORE, deviations=[])
    folder.say(0.0, Event.LOAD_STEADY)
    folder.say(9.9, Event.FAULT_PLANNED, id="fault-1", fault=WHOLE.fault, nodes=["east-db-1"])
    folder.say(FAULT_AT, Event.FAULT_STARTED, id="fault-1")
    folder.say(10.5, Event.FAULT_TOOK_EFFECT, id="fault-1")
    folder.say(40.0, Event.FAULT_GONE, id="fault-1")
    folder.say(50.0, Event.STEADY_AFTER, deviations=[])
    folder.say(STOPPED_AT, Event.LOAD_STOPPED)
    folder.say(61.0, Event.OBJECTIVES, **asdict(OBJECTIVES), settle_seconds=SETTLE_SECONDS)
    folder.say(62.0, Event.FINAL_READ, rows=rows)
    return folder
