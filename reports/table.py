"""The table at a run's end: what each drill showed, and why where it is not MET."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from reports.breach_summary import breach_notes
from reports.changes_summary import changes_notes
from reports.matrix import matrix_note
from reports.record import compare_record, judge_record, load_record, read_verdict
from reports.scaling_summary import scaling_notes
from reports.summary import lost_in_restoring, notes, slowest_seconds
from reports.verdict import Outcome
from reports.wording import beside, seconds_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from reports.record import DrillRecord
    from reports.restorations import Comparison
    from reports.timeline import Json
    from reports.verdict import Objectives, Recovery, Verdict

ROW = "muster.row"  # what pytest calls a row that a test's report carries
WIDTH = 110
_SCENARIO_WIDTH = 33
_HEADINGS = (
    "scenario", "verdict",
    "RTO / objective", "RPO / objective", "lost", "unknown", "resolution",
)  # fmt: skip
_NUMBERS = 2  # columns from here on are figures, aligned to the right
_NOT_KNOWN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One drill in the table, as text that any process can send to another."""

    scenario: str
    outcome: Outcome
    rto: str
    rpo: str
    lost: str
    unknown: str
    resolution: str
    allowance_seconds: float
    reasons: Sequence[str]
    notes: Sequence[str] = ()

    @classmethod
    def of(cls, folder: Path) -> Row:
        """The row of a drill by its saved verdict, or by one reached now if none is saved.

        Raises:
            RecordError: the drill's record is damaged.
        """
        record = load_record(folder)
        recovery, verdict = read_verdict(folder) or judge_record(record)
        return cls.judged(record, recovery, verdict)

    @classmethod
    def judged(cls, record: DrillRecord, recovery: Recovery | None, verdict: Verdict) -> Row:
        comparisons = compare_record(record)
        recovered = recovery if record.injections else None
        return cls(
            scenario=record.scenario,
            outcome=verdict.outcome,
            rto=_rto(recovered, comparisons, record.objectives),
            rpo=_rpo(recovered, record.objectives),
            lost=_lost(recovery, comparisons),
            unknown=_NOT_KNOWN if recovery is None else f"{recovery.unknown:,}",
            resolution=(
                _NOT_KNOWN if recovery is None else seconds_text(recovery.resolution_seconds)
            ),
            allowance_seconds=sum(record.allowance_seconds.values()),
            reasons=tuple(verdict.reasons),
            notes=(
                *record.findings,
                *notes(recovery, comparisons),
                *scaling_notes(recovery.scaling if recovery else None),
                *changes_notes(recovery.harm if recovery else None),
                *breach_notes(recovery.intrusion if recovery else None),
                *([] if record.networks is None else [matrix_note(record.networks)]),
            ),
        )

    @classmethod
    def inconclusive(cls, scenario: str, why: str) -> Row:
        """The row of a drill that left no record."""
        return cls(
            scenario=scenario,
            outcome=Outcome.INCONCLUSIVE,
            rto=_NOT_KNOWN,
            rpo=_NOT_KNOWN,
            lost=_NOT_KNOWN,
            unknown=_NOT_KNOWN,
            resolution=_NOT_KNOWN,
            allowance_seconds=0.0,
            reasons=(why,),
        )

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Row:
        fields = {**document, "outcome": Outcome(document["outcome"])}
        texts = {name: tuple(document[name]) for name in ("reasons", "notes")}
        return cls(**{**fields, **texts})

    def to_json(self) -> dict[str, Json]:
        plain = asdict(self)
        texts = {"reasons": list(self.reasons), "notes": list(self.notes)}
        return {**plain, "outcome": self.outcome.value, **texts}


def render_table(rows: Sequence[Row]) -> str:
    """Plain text, WIDTH columns at the most: the table, and below it the reasons."""
    cells = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_line(row, widths) for row in cells]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join((*lines, *_notes(rows), *_allowances(rows), *_reasons(rows)))


def _cells(row: Row) -> Sequence[str]:
    name = row.scenario.replace("_", " ")
    if len(name) > _SCENARIO_WIDTH:
        name = f"{name[: _SCENARIO_WIDTH - 1]}…"
    return (name, row.outcome.value, row.rto, row.rpo, row.lost, row.unknown, row.resolution)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.rjust(width) if place >= _NUMBERS else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(aligned).rstrip()


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        for note in row.notes:
            yield from textwrap.wrap(
                f"{row.scenario}: {note}", WIDTH, subsequent_indent="  ", break_on_hyphens=False
            )


def _allowances(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.allowance_seconds:
            yield (
                f"{row.scenario}: people may take {seconds_text(row.allowance_seconds)} to"
                " decide, which is not in the RTO measured"
            )


def _reasons(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.outcome is Outcome.MET:
            continue
        yield ""
        yield f"{row.outcome.value}: {row.scenario}"
        for reason in row.reasons:
            yield from textwrap.wrap(
                reason, WIDTH, initial_indent="  - ", subsequent_indent="    "
            )


def _rto(
    recovery: Recovery | None,
    comparisons: Sequence[Comparison],
    objectives: Objectives | None,
) -> str:
    """The longest outage; where nothing was broken, the slowest restore."""
    if objectives is None:
        return _NOT_KNOWN
    if recovery is None:
        if not comparisons:
            return _NOT_KNOWN
        return _against(slowest_seconds(comparisons), objectives.rto_seconds)
    bound = "≥ " if recovery.rto_is_lower_bound else ""
    return f"{bound}{_against(recovery.rto_seconds, objectives.rto_seconds)}"


def _rpo(recovery: Recovery | None, objectives: Objectives | None) -> str:
    if recovery is None or recovery.lost is None or objectives is None:
        return _NOT_KNOWN
    bound = "≥ " if recovery.rpo_is_lower_bound else ""
    return f"{bound}{_against(recovery.rpo_seconds, objectives.rpo_seconds)}"


def _against(measured: float, objective: float) -> str:
    return " / ".join(beside(measured, objective))


def _lost(recovery: Recovery | None, comparisons: Sequence[Comparison]) -> str:
    """Acknowledged and missing, when or where ever; not what was given up on purpose."""
    restored = lost_in_restoring(comparisons)
    if recovery is None:
        return f"{restored:,}" if comparisons else _NOT_KNOWN
    if recovery.lost is None or recovery.lost_after_effect is None:
        return _NOT_KNOWN
    return f"{recovery.lost + recovery.lost_after_effect + restored:,}"
