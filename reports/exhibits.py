"""What of a drill is shown besides its steps: picture, attachments, metrics, and its run.

All of it is read from the drill's folder. Nothing here imports what shows it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from reports.breach_summary import breach_figures, breach_tables
from reports.changes_history import other_changes
from reports.changes_summary import changes_figures, changes_tables, rolled_back_seconds
from reports.delivery import delivery_table
from reports.phases import break_down
from reports.record import (
    CHANGES_FILE,
    INTRUDER_FILE,
    NETWORKS_FILE,
    compare_record,
    judge_record,
    load_record,
)
from reports.scaling_summary import as_markdown, scaling_figures
from reports.story import followed_steps, text
from reports.summary import Figure, figures, notes, slowest_seconds
from reports.timeline import Entry, Event, Json, read_timeline
from reports.verdict import Outcome, Recovery, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from reports.harm import Harm
    from reports.intrusion import Intrusion
    from reports.phases import Breakdown
    from reports.record import DrillRecord
    from reports.restorations import Comparison
    from reports.scaling import Scaling
    from reports.tables import Table

_MEDIA = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".json": "application/json",
    ".csv": "text/csv",
    ".jsonl": "text/plain",
}
_GROUPS = {
    "RTO": "Recovery time (RTO)",
    "RPO": "Data lost (RPO)",
    "Restore": "Time to restore a backup",
    "Scale-out": "Time to scale out",
    "Rollback": "Time to roll a change back, from the first harmed request",
    "Shut-out": "Time to shut an intruder out, from its first success",
}


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill as it is told: what is on disk, and what was judged from it."""

    folder: Path
    entries: Sequence[Entry]
    record: DrillRecord
    recovery: Recovery | None
    verdict: Verdict
    comparisons: Sequence[Comparison]
    breakdown: Breakdown | None  # of the longest outage

    def details(self, event: Event) -> Mapping[str, Json]:
        """Return the details of the last entry of this kind, {} where there is none."""
        found = [entry.details for entry in self.entries if entry.event is event]
        return found[-1] if found else {}

    @property
    def recovered(self) -> Recovery | None:
        """What was measured, if anything was broken to recover from."""
        return self.recovery if self.record.injections else None

    @property
    def scaling(self) -> Scaling | None:
        """How the stack grew and shrank, if anything was written down of it."""
        return self.recovery.scaling if self.recovery else None

    @property
    def harm(self) -> Harm | None:
        """What changes did to customers, if anything was written down of them."""
        return self.recovery.harm if self.recovery else None

    @property
    def intrusion(self) -> Intrusion | None:
        """What an intruder did, if anything was written down of it."""
        return self.recovery.intrusion if self.recovery else None

    def figures(self) -> list[Figure]:
        if self.record.only_measures:
            return [Figure("Measured", finding) for finding in self.record.findings]
        objectives = self.record.objectives
        broken = bool(self.record.injections)
        return [
            *figures(self.recovery, objectives, self.comparisons, broken=broken),
            *scaling_figures(self.scaling, objectives.scaling if objectives else None),
            *changes_figures(self.harm, objectives.change if objectives else None),
            *breach_figures(self.intrusion, objectives.breach if objectives else None),
        ]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of the drill's folder that was made to be looked at."""

    title: str
    path: Path

    @property
    def media(self) -> tuple[str, str]:
        """Its media type and extension, by its name."""
        suffix = self.path.suffix.lower()
        return _MEDIA.get(suffix, "application/octet-stream"), suffix.removeprefix(".")


def read_drill(folder: Path) -> Drill:
    """Read and judge the drill in this folder.

    Raises:
        RecordError: its record is missing or damaged.
    """
    record = load_record(folder)
    recovery, verdict = judge_record(record)
    entries = read_timeline(folder / "timeline.jsonl")
    breakdown = break_down(entries, record.ledger, recovery if record.injections else None)
    return Drill(folder, entries, record, recovery, verdict, compare_record(record), breakdown)


def attachments(drill: Drill) -> tuple[list[Attachment], set[str]]:
    """What was to be attached: what is there, and the names of the files that are not.

    The logs of nodes are attached apart, and missed like the others.
    """
    found, missing = [], set()
    for entry in drill.entries:
        if entry.event in {Event.ATTACHMENT, Event.NODE_LOG}:
            file = text(entry.details, "file")
            if not (drill.folder / file).is_file():
                missing.add(file)
            elif entry.event is Event.ATTACHMENT:
                found.append(Attachment(text(entry.details, "title"), drill.folder / file))
    return found, missing


def picture(drill: Drill) -> bytes:
    """Draw what customers saw, as SVG."""
    from reports.picture import Scene, StepMark, draw  # noqa: PLC0415 - imports matplotlib

    last = drill.entries[-1].at
    steps = [
        StepMark(
            title=step.title,
            began_at=step.start.at,
            ended_at=last if step.end is None else step.end.at,
            failed=step.failure is not None,
        )
        for step in followed_steps(drill.entries)
    ]
    scene = Scene(
        title=drill.record.title,
        ledger=drill.record.ledger,
        injections=drill.record.injections,
        steps=steps,
        recovery=drill.recovered,
        objectives=drill.record.objectives,
        verdict=drill.verdict,
        notes=notes(drill.recovery, drill.comparisons),
        breakdown=drill.breakdown,
    )
    return draw(scene)


def scaling_picture(drill: Drill) -> bytes | None:
    """Draw how the stack grew and shrank, as SVG; None where nobody wrote that down."""
    from reports.scaling_picture import Scene, draw  # noqa: PLC0415 - imports matplotlib

    record = drill.record
    if record.scaling_log is None or drill.scaling is None:
        return None
    asked = record.objectives.scaling if record.objectives else None
    scene = Scene(
        title=record.title,
        log=record.scaling_log,
        ledger=record.ledger,
        surges=record.surges,
        scaling=drill.scaling,
        objectives=asked,
        verdict=drill.verdict,
    )
    return draw(scene)


def scaling_tables(drill: Drill) -> str | None:
    """How the stack grew and shrank, as Markdown; None where nobody wrote that down."""
    asked = drill.record.objectives
    if drill.scaling is None:
        return None
    return as_markdown(drill.scaling, asked.scaling if asked else None)


def tables(drill: Drill) -> list[Table]:
    """Changes and intruders of this drill, and what auditors count of all drills so far."""
    record = drill.record
    found: list[Table] = []
    if drill.harm is not None and record.changes_log is not None:
        found += changes_tables(drill.harm, record.changes_log)
        so_far = [*drill.harm.changes, *other_changes(drill.folder)]
        found.append(delivery_table(so_far, "all drills so far"))
    if drill.intrusion is not None and record.intruder_log is not None:
        found += breach_tables(drill.intrusion, record.intruder_log)
    return found


def logs(drill: Drill) -> list[Attachment]:
    """The logs that were judged besides timeline and ledger."""
    named = (
        ("Changes log", CHANGES_FILE),
        ("Intruder's log", INTRUDER_FILE),
        ("Matrix of networks, as it was tried", NETWORKS_FILE),
    )
    files = [(title, drill.folder / name) for title, name in named]
    return [Attachment(title, file) for title, file in files if file.is_file()]


def metrics(drill: Drill) -> list[dict[str, str | float]]:
    """RTO, RPO, and how long other things took, as Allure 3 reads metrics.

    A figure of an INCONCLUSIVE drill says nothing about recovery, so it is no metric: [].
    """
    if drill.verdict.outcome is Outcome.INCONCLUSIVE:
        return []
    return [_metric(drill, name, value) for name, value in _measured(drill)]


def _measured(drill: Drill) -> Iterator[tuple[str, float]]:
    if drill.recovered is not None:
        yield "RTO", drill.recovered.rto_seconds
        if drill.recovered.lost is not None:
            yield "RPO", drill.recovered.rpo_seconds
    if drill.comparisons:
        yield "Restore", slowest_seconds(drill.comparisons)
    if drill.scaling is not None and drill.scaling.scale_out_seconds is not None:
        yield "Scale-out", drill.scaling.scale_out_seconds
    rolled_back = [rolled_back_seconds(one) for one in drill.harm.changes] if drill.harm else []
    if any(seconds is not None for seconds in rolled_back):
        yield "Rollback", max(seconds for seconds in rolled_back if seconds is not None)
    if drill.intrusion is not None and drill.intrusion.shut_out_seconds is not None:
        yield "Shut-out", drill.intrusion.shut_out_seconds


def _metric(drill: Drill, name: str, value: float) -> dict[str, str | float]:
    return {
        "id": str(uuid4()),
        "key": f"{name.lower()}.{drill.record.scenario}",
        "title": drill.record.title,
        "value": value,
        "unit": "s",
        "better": "lower",
        "group": name.lower(),
        "groupTitle": _GROUPS[name],
        "start": milliseconds(drill.entries[0].wall),
        "stop": milliseconds(drill.entries[-1].wall),
    }


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def run_files(drill: Drill) -> dict[str, str]:
    """What world this was and which run, as files: the same for every drill of the run."""
    run = drill.folder.parent.name
    started = drill.details(Event.DRILL_STARTED)
    facts = {"run": run, "environment": text(started, "environment")}
    world = started.get("world")
    if isinstance(world, dict):
        facts |= {str(name): str(value) for name, value in world.items()}
    lines = [f"{_escaped(name)}={_escaped(value)}" for name, value in facts.items()]
    executor = {"name": "Muster", "type": "muster", "buildName": run}
    return {
        "environment.properties": "\n".join(lines) + "\n",
        "executor.json": json.dumps(executor),
    }


def _escaped(content: str) -> str:
    r"""Write a key or a value of a properties file, where \, =, : and spaces mean something."""
    return "".join(f"\\{c}" if c in "\\ =:#!" else c for c in " ".join(content.split()))
