"""A drill's record: everything of it that is on disk, and the verdict reached from that.

The live drill and a later judgement both go through ``load_record`` and ``judge_record``,
so they cannot differ while the files are the same.

A drill's folder holds ``timeline.jsonl``, ``ledger.bin`` (records of LEDGER),
``final-read.bin`` (records of FINAL_READ; absent where there was none), such a file
for each backup that was restored, ``scaling.jsonl`` where the stack grows with its load,
``changes.jsonl`` where tools change the service, ``intruder.jsonl`` where somebody breaks in,
``networks.jsonl`` where it was tried who can reach whom, and ``verdict.json``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from reports.capacity import Capacity
from reports.changes_log import ChangeKind, Step, read_changes_log
from reports.facts import Facts, NotStartedError, RecordError, read_facts
from reports.growths import Growth, Way
from reports.harm import Change, Harm, measure_harm
from reports.intruder_log import read_intruder_log
from reports.intrusion import CredentialUse, Intrusion, Signal, measure_intrusion
from reports.ledger import FINAL_READ, read_ledger
from reports.matrix import differences, not_known, read_matrix
from reports.outages import Outage
from reports.recovery import judge, judge_measurement, measure
from reports.restorations import compare
from reports.scaling import Scaling, measure_scaling
from reports.scaling_log import read_scaling_log
from reports.surges import Offered
from reports.timeline import Event, NotRecordedError, read_timeline
from reports.verdict import HARMED_SECONDS, Outcome, Recovery, Service, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from reports.changes_log import ChangesLog
    from reports.intruder_log import IntruderLog
    from reports.matrix import Pair
    from reports.restorations import Comparison
    from reports.scaling_log import ScalingLog
    from reports.timeline import Entry, Timeline
    from reports.verdict import Watch

__all__ = [
    "DrillRecord",
    "NotStartedError",
    "RecordError",
    "compare_record",
    "conclude",
    "judge_figures",
    "judge_record",
    "load_record",
    "measure_changes",
    "read_verdict",
    "save_verdict",
]

TIMELINE = "timeline.jsonl"
LEDGER_FILE = "ledger.bin"
FINAL_READ_FILE = "final-read.bin"
SCALING_FILE = "scaling.jsonl"
CHANGES_FILE = "changes.jsonl"
INTRUDER_FILE = "intruder.jsonl"
NETWORKS_FILE = "networks.jsonl"
VERDICT_FILE = "verdict.json"

Log = TypeVar("Log")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRecord(Facts):
    """A drill as it is on disk."""

    ledger: NDArray[np.void]
    final_read: NDArray[np.void] | None
    restored: Sequence[NDArray[np.void]]  # the rows of each restoration
    scaling_log: ScalingLog | None  # None where nobody wrote one, as are the next
    changes_log: ChangesLog | None
    intruder_log: IntruderLog | None
    networks: Sequence[Pair] | None


def load_record(folder: Path) -> DrillRecord:
    """Read a drill's folder; a drill that ended at any moment can be read.

    Raises:
        NotStartedError: its process ended before the drill started.
        RecordError: a file is missing or damaged; the sentence names it, and the line.
    """
    timeline = folder / TIMELINE
    entries = _entries(timeline)
    facts = read_facts(entries, timeline)
    return DrillRecord(
        **{field.name: getattr(facts, field.name) for field in fields(facts)},
        ledger=read_ledger(folder / LEDGER_FILE),
        final_read=_final_read(folder / FINAL_READ_FILE, entries),
        restored=tuple(
            _rows(folder / one.file, one.rows, "a restored backup")
            for one in facts.restorations
        ),
        scaling_log=_if_there(read_scaling_log, folder / SCALING_FILE),
        changes_log=_if_there(read_changes_log, folder / CHANGES_FILE),
        intruder_log=_if_there(read_intruder_log, folder / INTRUDER_FILE),
        networks=_if_there(read_matrix, folder / NETWORKS_FILE),
    )


def judge_record(record: DrillRecord) -> tuple[Recovery | None, Verdict]:
    """Measure and judge; nothing is measured where the drill did not get that far."""
    recovery = _measure(record)
    return recovery, judge_figures(record, recovery)


def judge_figures(record: DrillRecord, recovery: Recovery | None) -> Verdict:
    """Judge a drill by these figures, which are its own or what was known of them once."""
    if record.only_measures:
        return judge_measurement(
            obstacles=record.obstacles, breaches=_breaches(record), doubts=_doubts(record)
        )
    if record.watch is None:
        return _unfinished(record, "the load was never steady, or not seen to stop")
    if record.objectives is None:
        return _unfinished(record, "the objectives were never stated")
    return judge(
        recovery,
        record.objectives,
        injections=record.injections,
        watch=record.watch,
        comparisons=compare_record(record),
        obstacles=record.obstacles,
        breaches=_breaches(record),
        doubts=_doubts(record),
    )


def compare_record(record: DrillRecord) -> tuple[Comparison, ...]:
    """Compare each backup that was restored with the ledger."""
    return tuple(
        compare(record.ledger, rows, restoration)
        for rows, restoration in zip(record.restored, record.restorations, strict=True)
    )


def measure_changes(record: DrillRecord) -> Harm | None:
    """What changes did to customers; None where no log, or no end of the load, tells it."""
    if record.changes_log is None or record.watch is None:
        return None
    asked = record.objectives.change if record.objectives else None
    return measure_harm(
        record.changes_log,
        record.ledger,
        watch=record.watch,
        slow_seconds=asked.slow_seconds if asked else HARMED_SECONDS,
    )


def conclude(folder: Path, timeline: Timeline) -> tuple[Recovery | None, Verdict]:
    """Judge a drill from what is on disk, and write its verdict down.

    Raises:
        NotRecordedError: it cannot be written, so there is none.
        RecordError: the drill's record is missing or damaged.
    """
    recovery, verdict = judge_record(load_record(folder))
    timeline.record(Event.VERDICT, outcome=verdict.outcome.value, reasons=list(verdict.reasons))
    save_verdict(folder, recovery, verdict)
    return recovery, verdict


def save_verdict(folder: Path, recovery: Recovery | None, verdict: Verdict) -> None:
    """Write ``verdict.json``; it appears whole or not at all.

    Raises:
        NotRecordedError: it cannot be written.
    """
    document = {
        "outcome": verdict.outcome.value,
        "reasons": list(verdict.reasons),
        "recovery": None if recovery is None else asdict(recovery),
    }
    unfinished = folder / f"{VERDICT_FILE}.part"
    try:
        unfinished.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        unfinished.replace(folder / VERDICT_FILE)
    except OSError as error:
        raise NotRecordedError(
            f"{folder / VERDICT_FILE}: the verdict cannot be written ({error.strerror}): "
            "free space there, or make it writable, and run the drill again"
        ) from error


def read_verdict(folder: Path) -> tuple[Recovery | None, Verdict] | None:
    """What was saved with the drill; None where its run ended before a verdict.

    Raises:
        RecordError: the file is damaged.
    """
    path = folder / VERDICT_FILE
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_bytes())
        recovery = document["recovery"]
        outcome = Outcome(document["outcome"])
        verdict = Verdict(outcome, tuple(map(str, document["reasons"])))
        return None if recovery is None else _recovery(recovery), verdict
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise RecordError(f"{path}: not a saved verdict: {error}") from error


def _entries(timeline: Path) -> Sequence[Entry]:
    try:
        return read_timeline(timeline)
    except FileNotFoundError as error:
        raise RecordError(
            f"{timeline}: no such file: name a drill's folder, or a run's"
        ) from error
    except ValueError as error:
        raise RecordError(str(error)) from error


def _final_read(path: Path, entries: Sequence[Entry]) -> NDArray[np.void] | None:
    """The final read, if the timeline says that it was finished."""
    told = next((entry for entry in reversed(entries) if entry.event is Event.FINAL_READ), None)
    if told is None:
        return None
    return _rows(path, told.details.get("rows"), "a final read")


def _rows(path: Path, rows: object, what: str) -> NDArray[np.void]:
    """Read a file of rows, as many as the timeline tells of."""
    if not path.exists():
        raise RecordError(f"{path}: no such file, though the timeline tells of {what}")
    size = path.stat().st_size
    if not isinstance(rows, int) or size != FINAL_READ.itemsize * rows:
        raise RecordError(
            f"{path}: damaged: {size} bytes are not the {rows} rows of"
            f" {FINAL_READ.itemsize} bytes that the timeline tells of"
        )
    return np.fromfile(path, FINAL_READ)


def _if_there(read: Callable[[Path], Log], path: Path) -> Log | None:
    return read(path) if path.exists() else None


def _unfinished(record: DrillRecord, why: str) -> Verdict:
    """The verdict on a drill that ended before its end; ``why`` where it says nothing."""
    obstacles = record.obstacles or (f"the drill did not finish: {why}",)
    return Verdict(Outcome.INCONCLUSIVE, (*obstacles, *_breaches(record)))


def _breaches(record: DrillRecord) -> Sequence[str]:
    return _with(record.breaches, differences(record.networks or ()))


def _doubts(record: DrillRecord) -> Sequence[str]:
    return _with(record.doubts, not_known(record.networks or ()))


def _with(told: Sequence[str], further: Iterable[str]) -> Sequence[str]:
    """What the timeline tells, and of the further sentences those that it does not."""
    return (*told, *(one for one in further if one not in told))


def _measure(record: DrillRecord) -> Recovery | None:
    if record.watch is None or record.settle_seconds is None:
        return None
    if not record.injections and not record.restorations and record.changes_log is None:
        return None
    recovery = measure(
        record.ledger,
        record.final_read,
        injections=record.injections,
        watch=record.watch,
        settle_seconds=record.settle_seconds,
        taken_back=record.taken_back,
    )
    return replace(
        recovery,
        scaling=_measure_scaling(record, record.watch),
        harm=measure_changes(record),
        intrusion=_measure_intrusion(record),
    )


def _measure_scaling(record: DrillRecord, watch: Watch) -> Scaling | None:
    if record.scaling_log is None:
        return None
    return measure_scaling(
        record.scaling_log,
        record.ledger,
        surges=record.surges,
        injections=record.injections,
        watch=watch,
    )


def _measure_intrusion(record: DrillRecord) -> Intrusion | None:
    return None if record.intruder_log is None else measure_intrusion(record.intruder_log)


def _recovery(figures: dict[str, Any]) -> Recovery:
    """The figures as they were saved; a TypeError where one is missing or unknown."""
    outages = tuple(Outage(**outage) for outage in figures.pop("outages"))
    lost = tuple(map(int, figures.pop("lost_examples")))
    beyond = tuple(map(int, figures.pop("beyond_examples", ())))
    service, scaling = figures.pop("service", None), figures.pop("scaling", None)
    harm, intrusion = figures.pop("harm", None), figures.pop("intrusion", None)
    return Recovery(
        outages=outages,
        lost_examples=lost,
        beyond_examples=beyond,
        service=None if service is None else _service(service),
        scaling=None if scaling is None else _scaling(scaling),
        harm=None if harm is None else _harm(harm),
        intrusion=None if intrusion is None else _intrusion(intrusion),
        **figures,
    )


def _service(figures: dict[str, Any]) -> Service:
    stale, wrong = (
        tuple(map(int, figures.pop(name))) for name in ("stale_examples", "wrong_examples")
    )
    return Service(stale_examples=stale, wrong_examples=wrong, **figures)


def _scaling(figures: dict[str, Any]) -> Scaling:
    growths = tuple(map(_growth, figures.pop("growths")))
    carried = tuple(Capacity(**one) for one in figures.pop("capacities"))
    offered, turns = figures.pop("offered"), tuple(map(float, figures.pop("turns_seconds")))
    return Scaling(
        growths=growths,
        capacities=carried,
        offered=None if offered is None else Offered(**offered),
        turns_seconds=turns,
        **figures,
    )


def _growth(figures: dict[str, Any]) -> Growth:
    return Growth(ways=tuple(Way(**way) for way in figures.pop("ways")), **figures)


def _harm(figures: dict[str, Any]) -> Harm:
    return Harm(changes=tuple(map(_change, figures.pop("changes"))), **figures)


def _change(figures: dict[str, Any]) -> Change:
    kind, ended = ChangeKind(figures.pop("kind")), figures.pop("ended")
    return Change(kind=kind, ended=None if ended is None else Step(ended), **figures)


def _intrusion(figures: dict[str, Any]) -> Intrusion:
    uses = tuple(CredentialUse(**one) for one in figures.pop("uses"))
    signals = tuple(Signal(**one) for one in figures.pop("signals"))
    after = tuple(map(str, figures.pop("deeds_after")))
    return Intrusion(uses=uses, signals=signals, deeds_after=after, **figures)
