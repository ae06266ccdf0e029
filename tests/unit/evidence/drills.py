"""Builds drill folders as the suite leaves them, without running anything."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from reports.ledger import FINAL_READ, LEDGER, Operation
from reports.ledger import Outcome as Told
from reports.timeline import Event, Json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

FAULT_AT = 1_020.0  # the ledger begins 20 s before, at 1,000 s of the monotonic clock
BEGAN_AT = 1_000.0
_WALL = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def ledger(
    *,
    outage_seconds: float = 12.3,
    lasting_seconds: float = 90.0,
    per_second: int = 100,
    seed: int = 1,
) -> NDArray[np.void]:
    """Make a steady open load through one outage: a third refused, the rest unknown."""
    random = np.random.default_rng(seed)
    count = int(lasting_seconds * per_second)
    made = np.zeros(count, LEDGER)
    made["key"] = np.arange(count)
    made["value"] = random.integers(1, 10_000, count)
    made["began"] = BEGAN_AT + np.arange(count) / per_second
    made["operation"] = Operation.CREATE
    latency = random.lognormal(np.log(0.012), 0.4, count)
    out = (made["began"] >= FAULT_AT) & (made["began"] < FAULT_AT + outage_seconds)
    after = (made["began"] >= FAULT_AT + outage_seconds) & (
        made["began"] < FAULT_AT + outage_seconds + 4
    )
    latency[after] *= 6
    made["outcome"] = np.where(out, Told.UNKNOWN, Told.YES)
    made["outcome"][out & (random.random(count) < 0.3)] = Told.NO
    latency[out] = 1.0
    made["status"] = np.where(made["outcome"] == Told.YES, 201, 0)
    made["ended"] = made["began"] + latency
    return made


@dataclass
class Builder:
    """Writes a folder: its timeline line by line, its ledger, its final read."""

    folder: Path
    lines: list[str] = field(default_factory=list)

    def say(self, at: float, event: Event, **details: Json) -> None:
        wall = _WALL + timedelta(seconds=at - BEGAN_AT)
        line: Mapping[str, Json] = {"at": at, "wall": wall.isoformat(), "event": event}
        self.lines.append(json.dumps({**line, **details}, ensure_ascii=False))

    def write(self, told: NDArray[np.void]) -> Path:
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        (self.folder / "timeline.jsonl").write_text("\n".join(self.lines) + "\n", "utf-8")
        (self.folder / "ledger.bin").write_bytes(told.tobytes())
        (self.folder / "logs" / "east-db-1.log").write_text("LOG:  database system is ready\n")
        kept = told[told["outcome"] == Told.YES]
        rows = np.zeros(len(kept), FINAL_READ)
        rows["key"], rows["value"], rows["settled"] = kept["key"], kept["value"], 1
        (self.folder / "final-read.bin").write_bytes(rows.tobytes())
        return self.folder


STEPS = (
    ("Detection", "Find who is primary now", "patronictl list"),
    ("Investigation", "See that a synchronous standby exists", "patronictl list -f json"),
    ("Recovery", "Promote the synchronous standby", 'patronictl failover "$STANDBY" --force'),
    ("Verification", "Write through the customers' entrance", "curl --fail east-edge:8080"),
)
BELIEF = "We lose the primary database.\n\nWe believe that the runbook gives writes back."


def primary_killed(
    folder: Path,
    *,
    outage_seconds: float = 12.3,
    rto_seconds: float = 60,
    effect: bool = True,
    further_severity: str = "",
) -> Path:
    """Write a whole drill: the primary is killed and a runbook of four steps is followed."""
    made = Builder(folder)
    told = ledger(outage_seconds=outage_seconds)
    _begin(made)
    made.say(FAULT_AT, Event.FAULT_STARTED, id="1")
    if effect:
        made.say(FAULT_AT + 0.2, Event.FAULT_TOOK_EFFECT, id="1")
    else:
        made.say(FAULT_AT + 5, Event.FAULT_NOT_SEEN, id="1", why="it runs still")
        made.say(FAULT_AT + 5, Event.OBSTACLE, why="Kill(east-db-1) took no effect")
    _follow(made)
    made.say(FAULT_AT + outage_seconds + 5, Event.RECOVERY_SEEN)
    if further_severity:
        made.say(FAULT_AT + 19, Event.NODE_LOG, node="east-app-1", file="logs/gone.log")
        further: dict[str, Json] = {"runbook": "go-back.md", "title": "Go back"}
        made.say(FAULT_AT + 20, Event.RUNBOOK_STARTED, severity=further_severity, **further)
        made.say(FAULT_AT + 21, Event.RUNBOOK_ENDED, runbook="go-back.md")
    made.say(FAULT_AT + 42, Event.REVERT_STARTED, id="1")
    made.say(FAULT_AT + 45, Event.FAULT_GONE, id="1")
    _end(made, told, rto_seconds)
    return made.write(told)


def _begin(made: Builder) -> None:
    made.say(
        BEGAN_AT - 1, Event.DRILL_STARTED, scenario="the_primary_is_killed",
        title="The primary database is killed", description=BELIEF, environment="replica",
        requirements=["FLT-11", "RBK-4"], world={"engine": "20.10", "postgres": "17.5"}, seed=7,
    )  # fmt: skip
    made.say(BEGAN_AT - 0.5, Event.STEADY_BEFORE, deviations=[])
    made.say(
        BEGAN_AT - 0.1, Event.LOAD_STARTED, users=20, attempts_per_second=100, customer="c"
    )
    made.say(BEGAN_AT + 3, Event.LOAD_STEADY)
    made.say(
        FAULT_AT - 0.1, Event.FAULT_PLANNED, id="1", fault="Kill(east-db-1)",
        nodes=["east-db-1"], value={},
    )  # fmt: skip


def _follow(made: Builder) -> None:
    name = "promote-standby.md"
    made.say(
        FAULT_AT + 0.5, Event.RUNBOOK_STARTED, runbook=name, title="Promote the standby",
        allowance_seconds=30, severity="SEV1",
    )  # fmt: skip
    for number, (heading, title, command) in enumerate(STEPS):
        at, line = FAULT_AT + 2 + 2.5 * number, 20 + 8 * number
        made.say(
            at, Event.STEP_STARTED, runbook=name, line=line, heading=heading, title=title,
            node="bastion", command=command,
        )  # fmt: skip
        made.say(
            at + 2, Event.STEP_ENDED, runbook=name, line=line, exit_code=0,
            output=f"output of step {number + 1}\n", seconds=2.0, failure=None,
        )  # fmt: skip
    made.say(FAULT_AT + 12, Event.RUNBOOK_ENDED, runbook=name)


def _end(made: Builder, told: NDArray[np.void], rto_seconds: float) -> None:
    stopped = float(told["began"][-1]) + 0.1
    made.say(stopped, Event.LOAD_STOPPED)
    made.say(stopped + 0.1, Event.NODE_LOG, node="east-db-1", file="logs/east-db-1.log")
    made.say(stopped + 0.2, Event.STEADY_AFTER, deviations=[])
    made.say(
        stopped + 0.3, Event.OBJECTIVES, rto_seconds=rto_seconds, rpo_seconds=0,
        p95_seconds=None, unsettled=None, settle_seconds=5.0,
    )  # fmt: skip
    rows = int((told["outcome"] == Told.YES).sum())
    made.say(stopped + 0.5, Event.FINAL_READ, rows=rows)


def backups_restored(folder: Path) -> Path:
    """Write a drill that breaks nothing, restores two backups and leaves a file to look at."""
    made = Builder(folder)
    told = ledger(outage_seconds=0)
    made.say(
        BEGAN_AT - 1, Event.DRILL_STARTED, scenario="backups_are_restored",
        title="Backups are proven by restoring them", description=BELIEF,
        environment="replica", requirements=["BKP-8"],
        world={"engine": "20.10", "postgres": "17.5"},
    )  # fmt: skip
    made.say(BEGAN_AT - 0.5, Event.STEADY_BEFORE, deviations=[])
    made.say(BEGAN_AT + 3, Event.LOAD_STEADY)
    for number, checks in ((1, []), (2, ["pg_checksums <found> 1 damaged page"])):
        made.say(
            BEGAN_AT + 40 + number, Event.RESTORED, repository="east-backup", kind="full",
            label=f"2026030{number}F", asked="the backup alone", seconds=6.0 + number,
            earliest=_wall(BEGAN_AT + 20), latest=_wall(BEGAN_AT + 95), checks=checks,
            file=f"restored-{number}.bin", rows=len(told),
        )  # fmt: skip
    made.say(BEGAN_AT + 50, Event.ATTACHMENT, title="Cost of recovery", file="cost.svg")
    made.say(BEGAN_AT + 51, Event.ATTACHMENT, title="Sizes over time", file="sizes.csv")
    _end(made, told, 60)
    made.write(told)
    for number in (1, 2):
        shutil.copy(folder / "final-read.bin", folder / f"restored-{number}.bin")
    (folder / "cost.svg").write_text("<svg/>")
    return folder


def _wall(at: float) -> str:
    return (_WALL + timedelta(seconds=at - BEGAN_AT)).isoformat()
