"""What a timeline says that a verdict needs: pure.

Steady states, faults, restores, objectives and the watch's two ends, and what stands in
the way.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeGuard, TypeVar, get_args

from reports.restorations import Restoration
from reports.surges import Surge
from reports.timeline import Event
from reports.verdict import (
    BreachObjectives,
    Changed,
    ChangeObjectives,
    Ender,
    Ending,
    Injection,
    Objectives,
    ScalingObjectives,
    TakenBack,
    Watch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reports.timeline import Entry, Json


Choice = TypeVar("Choice", bound=str)

_BACKUPS = ("full", "differential", "incremental")
# What a drill can be about: the first of them that it has.
_SUBJECTS = {
    Event.FAULT_STARTED: "the fault",
    Event.RESTORED: "the restore",
    Event.MEASURED: "the measurement",
}


class RecordError(ValueError):
    """A drill's record is missing or damaged; the sentence names the file and the line."""


class NotStartedError(RecordError):
    """A drill's folder is there, and its process ended before the drill started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the timeline of one drill says; times are seconds of CLOCK_MONOTONIC."""

    scenario: str
    title: str
    environment: str
    started: datetime
    watch: Watch | None  # None where the load was never steady, or never seen to stop
    injections: Sequence[Injection]
    surges: Sequence[Surge]  # those of the injections that are a change of load
    taken_back: TakenBack | None  # None where the database never was; otherwise the last time
    restorations: Sequence[Restoration]
    findings: Sequence[str]  # what was measured, in sentences; nobody judges them
    objectives: Objectives | None  # None, as is settle_seconds, where they were not stated
    settle_seconds: float | None
    allowance_seconds: Mapping[str, float]  # by runbook: what people may take to decide
    obstacles: Sequence[str]
    breaches: Sequence[str]
    doubts: Sequence[str]

    @property
    def only_measures(self) -> bool:
        """Whether its subject is a measurement: no objectives and no customers are needed."""
        return bool(self.findings) and not self.injections and not self.restorations


def read_facts(entries: Sequence[Entry], timeline: Path) -> Facts:
    """Gather the facts; those that a drill did not live to see are None or a reason.

    Raises:
        RecordError: an entry lacks a detail, or it is of the wrong kind.
    """
    lines = [_Line(timeline, number, entry) for number, entry in enumerate(entries, start=1)]
    start = _last(lines, Event.DRILL_STARTED)
    if start is None:
        raise NotStartedError(f"{timeline}: it tells of no drill that started")
    stated = _last(lines, Event.OBJECTIVES)
    return Facts(
        scenario=start.text("scenario"),
        title=start.text("title"),
        environment=start.text("environment"),
        started=start.entry.wall,
        watch=_watch(lines),
        injections=tuple(_injections(lines)),
        surges=tuple(_surges(lines)),
        taken_back=_taken_back(lines),
        restorations=tuple(map(_restoration, _all(lines, Event.RESTORED))),
        findings=tuple(line.text("finding") for line in _all(lines, Event.MEASURED)),
        objectives=None if stated is None else _objectives(stated),
        settle_seconds=None if stated is None else _settle_seconds(stated),
        allowance_seconds=_allowances(lines),
        obstacles=tuple(_obstacles(lines)),
        breaches=tuple(line.text("why") for line in _all(lines, Event.BREACH)),
        doubts=tuple(_doubts(lines)),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """An entry and where it stands, to say so when it is damaged."""

    timeline: Path
    number: int
    entry: Entry

    def text(self, detail: str) -> str:
        value = self.entry.details.get(detail)
        if not isinstance(value, str):
            raise self.damaged(detail, "a text")
        return value

    def texts(self, detail: str) -> Sequence[str]:
        value = self.entry.details.get(detail)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.damaged(detail, "a list of texts")
        return value

    def number_or_none(self, detail: str) -> float | None:
        value = self.entry.details.get(detail)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.damaged(detail, "a number")
        try:
            float(value)
        except OverflowError as error:  # a whole number that no float can hold
            raise self.damaged(detail, "a number") from error
        return value

    def seconds(self, detail: str) -> float:
        return self.amount(detail, "a number of seconds")

    def share(self, detail: str) -> float:
        return self.amount(detail, "a share from 0 to 1")

    def amount(self, detail: str, kind: str) -> float:
        value = self.number_or_none(detail)
        if value is None or not math.isfinite(value) or value < 0:
            raise self.damaged(detail, kind)
        return value

    def whole_or_none(self, detail: str) -> int | None:
        value = self.number_or_none(detail)
        if value is None:
            return None
        if not float(value).is_integer():  # neither is infinity, or what is no number
            raise self.damaged(detail, "a whole number")
        return int(value)

    def count(self, detail: str) -> int:
        value = self.entry.details.get(detail)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.damaged(detail, "a whole number")
        return value

    def one_of(self, detail: str, choices: Sequence[Choice]) -> Choice:
        value = self.entry.details.get(detail)
        for choice in choices:
            if choice == value:
                return choice
        raise self.damaged(detail, f"one of {', '.join(map(str, choices))}")

    def one_of_or_none(self, detail: str, choices: Sequence[Choice]) -> Choice | None:
        return None if self.entry.details.get(detail) is None else self.one_of(detail, choices)

    def within(self, detail: str) -> _Line | None:
        """What an object among the details says, its names beginning with the detail's."""
        value = self.entry.details.get(detail)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.damaged(detail, "an object")
        details = {f"{detail}.{name}": one for name, one in value.items()}
        return replace(self, entry=replace(self.entry, details=details))

    def moment(self, detail: str) -> datetime:
        try:
            moment = datetime.fromisoformat(self.text(detail))
            moment.astimezone(UTC)
        except (ValueError, OverflowError):  # the latter of the year 1, or of 9999
            moment = None
        if moment is None or moment.tzinfo is None:
            raise self.damaged(detail, "a time by ISO 8601, with its offset from UTC,")
        return moment

    def monotonic(self, moment: datetime) -> float:
        """When that was, by the clock of this entry."""
        return self.entry.at + (moment - self.entry.wall).total_seconds()

    def damaged(self, detail: str, kind: str) -> RecordError:
        return RecordError(
            f"{self.timeline}:{self.number}: the entry {self.entry.event.value!r}"
            f" needs {kind} as its {detail!r}"
        )


def _all(lines: Sequence[_Line], event: Event) -> Iterator[_Line]:
    return (line for line in lines if line.entry.event is event)


def _first(lines: Sequence[_Line], event: Event) -> _Line | None:
    return next(_all(lines, event), None)


def _last(lines: Sequence[_Line], event: Event) -> _Line | None:
    return _first(lines[::-1], event)


def _watch(lines: Sequence[_Line]) -> Watch | None:
    steady, stopped = _first(lines, Event.LOAD_STEADY), _last(lines, Event.LOAD_STOPPED)
    if steady is None or stopped is None:
        return None
    return Watch(started_at=steady.entry.at, ended_at=stopped.entry.at)


def _injections(lines: Sequence[_Line]) -> Iterator[Injection]:
    """Every fault that was started, with the name that it was planned under."""
    planned = {line.text("id"): line.text("fault") for line in _all(lines, Event.FAULT_PLANNED)}
    effects = _times(lines, Event.FAULT_TOOK_EFFECT)
    unseen = _times(lines, Event.FAULT_NOT_SEEN)
    gone = _times(lines, Event.FAULT_GONE)
    for line in _all(lines, Event.FAULT_STARTED):
        name = line.text("id")
        yield Injection(
            fault=planned.get(name, name),
            started_at=line.entry.at,
            took_effect_at=None if name in unseen else effects.get(name),
            gone_at=gone.get(name),
        )


def _surges(lines: Sequence[_Line]) -> Iterator[Surge]:
    started = _times(lines, Event.FAULT_STARTED)
    for line in _all(lines, Event.FAULT_PLANNED):
        value = line.entry.details.get("value")
        name = line.text("id")
        if isinstance(value, Mapping) and value.get("kind") == "Surge" and name in started:
            yield Surge(started[name], _knots(line, value.get("knots")))


def _knots(line: _Line, listed: Json) -> Sequence[tuple[float, float]]:
    knots = [knot for knot in listed if _is_knot(knot)] if isinstance(listed, list) else []
    seconds = [knot[0] for knot in knots]
    complete = isinstance(listed, list) and len(knots) == len(listed) > 1
    if not complete or seconds != sorted(seconds) or seconds[0] == seconds[-1]:
        raise line.damaged("value", "knots, [seconds, orders a second] in the order of time,")
    return tuple((float(second), float(rate)) for second, rate in knots)


def _is_knot(knot: Json) -> TypeGuard[tuple[float, float]]:
    return (
        isinstance(knot, list)
        and len(knot) == 2  # noqa: PLR2004 - a pair
        and all(
            isinstance(one, int | float)
            and not isinstance(one, bool)
            and 0 <= one <= sys.float_info.max
            for one in knot
        )
    )


def _taken_back(lines: Sequence[_Line]) -> TakenBack | None:
    line = _last(lines, Event.TAKEN_BACK)
    if line is None:
        return None
    to, stopped = line.moment("to"), line.moment("stopped")
    if stopped < to:
        raise line.damaged("stopped", "a time no earlier than its 'to'")
    return TakenBack(to=line.monotonic(to), stopped=line.monotonic(stopped), to_wall=to)


def _restoration(line: _Line) -> Restoration:
    kind = line.text("kind")
    if kind not in _BACKUPS:
        raise line.damaged("kind", f"one of {', '.join(_BACKUPS)}")
    earliest, latest = line.moment("earliest"), line.moment("latest")
    if latest < earliest:
        raise line.damaged("latest", "a time no earlier than its 'earliest'")
    return Restoration(
        repository=line.text("repository"),
        kind=kind,
        label=line.text("label"),
        asked=line.text("asked"),
        seconds=line.seconds("seconds"),
        earliest=line.monotonic(earliest),
        latest=line.monotonic(latest),
        file=line.text("file"),
        rows=line.count("rows"),
        checks=tuple(line.texts("checks")),
    )


def _times(lines: Sequence[_Line], event: Event) -> Mapping[str, float]:
    return {line.text("id"): line.entry.at for line in _all(lines, event)}


def _objectives(stated: _Line) -> Objectives:
    return Objectives(
        rto_seconds=stated.seconds("rto_seconds"),
        rpo_seconds=stated.seconds("rpo_seconds"),
        p95_seconds=stated.number_or_none("p95_seconds"),
        unsettled=stated.whole_or_none("unsettled"),
        stale_reads=stated.whole_or_none("stale_reads"),
        wrong_reads=stated.whole_or_none("wrong_reads") or 0,
        availability=stated.number_or_none("availability"),
        read_availability=stated.number_or_none("read_availability"),
        read_outage_seconds=stated.number_or_none("read_outage_seconds"),
        scaling=_scaling_objectives(stated),
        change=_change_objectives(stated),
        breach=_breach_objectives(stated),
    )


def _scaling_objectives(stated: _Line) -> ScalingObjectives | None:
    """None where nothing is asked of it, as in drills from before it was known."""
    scaling = stated.within("scaling")
    if scaling is None:
        return None
    return ScalingObjectives(
        scale_out_seconds=scaling.seconds("scaling.scale_out_seconds"),
        errors_while_growing=scaling.share("scaling.errors_while_growing"),
        overshoot=scaling.count("scaling.overshoot"),
        reversal_seconds=scaling.seconds("scaling.reversal_seconds"),
        p95_seconds=scaling.seconds("scaling.p95_seconds"),
        errors=scaling.share("scaling.errors"),
        dropped=scaling.count("scaling.dropped"),
        reversals=scaling.count("scaling.reversals"),
        minimum=scaling.count("scaling.minimum"),
        maximum=scaling.count("scaling.maximum"),
        reaches=scaling.whole_or_none("scaling.reaches"),
        refusal_seconds=scaling.number_or_none("scaling.refusal_seconds"),
    )


def _change_objectives(stated: _Line) -> ChangeObjectives | None:
    change = stated.within("change")
    if change is None:
        return None
    return ChangeObjectives(
        harmed=change.share("change.harmed"),
        ends=change.one_of("change.ends", get_args(Ending)),
        slow_seconds=change.number_or_none("change.slow_seconds"),
        by=change.one_of_or_none("change.by", get_args(Ender)),
        harm_seconds=change.number_or_none("change.harm_seconds"),
        rollback_seconds=change.number_or_none("change.rollback_seconds"),
        rollback_from_start_seconds=change.number_or_none("change.rollback_from_start_seconds"),
        failed=change.number_or_none("change.failed"),
        harmed_after=change.count("change.harmed_after"),
        slow_after=change.whole_or_none("change.slow_after"),
        bites=change.count("change.bites"),
        kind=change.one_of_or_none("change.kind", get_args(Changed)),
    )


def _breach_objectives(stated: _Line) -> BreachObjectives | None:
    breach = stated.within("breach")
    if breach is None:
        return None
    return BreachObjectives(
        detect_seconds=breach.seconds("breach.detect_seconds"),
        shut_out_seconds=breach.seconds("breach.shut_out_seconds"),
        refused_after=breach.count("breach.refused_after"),
    )


def _settle_seconds(stated: _Line) -> float:
    settle_seconds = stated.seconds("settle_seconds")
    if settle_seconds == 0:
        raise stated.damaged("settle_seconds", "a settled while longer than 0 s")
    return settle_seconds


def _allowances(lines: Sequence[_Line]) -> Mapping[str, float]:
    allowances = {
        line.text("runbook"): line.number_or_none("allowance_seconds")
        for line in _all(lines, Event.RUNBOOK_STARTED)
    }
    return {runbook: seconds for runbook, seconds in allowances.items() if seconds}


def _obstacles(lines: Sequence[_Line]) -> Iterator[str]:
    """What makes the drill prove nothing."""
    yield from (line.text("why") for line in _all(lines, Event.OBSTACLE))
    subject = next(filter(None, (_first(lines, event) for event in _SUBJECTS)), None)
    before = lines if subject is None else lines[: subject.number - 1]
    checked = _last(before, Event.STEADY_BEFORE)
    if checked is None:
        yield "the steady state before was never checked"
    else:
        for deviation in checked.texts("deviations"):
            yield f"there was no steady state before {_named(subject)}: {deviation}"
    started = _times(lines, Event.FAULT_STARTED)
    for line in _all(lines, Event.FAULT_PLANNED):
        if line.text("id") not in started:
            yield f"the fault was planned and never started: {line.text('fault')}"


def _doubts(lines: Sequence[_Line]) -> Iterator[str]:
    """What keeps a drill from being MET, though it may well be MISSED."""
    subject = next(filter(None, (_last(lines, event) for event in _SUBJECTS)), None)
    after = lines if subject is None else lines[subject.number :]
    checked = _last(after, Event.STEADY_AFTER)
    if checked is None:
        yield "the steady state after was never checked"
    else:
        for deviation in checked.texts("deviations"):
            yield f"there was no steady state after {_named(subject)}: {deviation}"
    for why in _given_up(lines):
        yield (
            "customers were not seen to be served before the drill itself mended the fault:"
            f" {why}"
        )
    for line in _all(lines, Event.FINAL_READ_FAILED):
        yield f"the final read failed: {line.text('why')}"
    for line in _all(lines, Event.REVERT_FAILED):
        yield f"the world is tainted, for a fault could not be reverted: {line.text('why')}"
    for line in _all(lines, Event.RESIDUE):
        for trace in line.texts("traces"):
            yield f"the world is tainted, for it was left changed: {trace}"


def _given_up(lines: Sequence[_Line]) -> Iterator[str]:
    """Why nobody waited any longer for recovery, where a fault stood then.

    What customers were served after it is owed to the revert, unless they were seen to be
    served once more before.
    """
    standing: set[str] = set()
    given_up: list[str] = []
    for line in lines:
        match line.entry.event:
            case Event.FAULT_STARTED:
                standing.add(line.text("id"))
            case Event.REVERT_STARTED | Event.FAULT_GONE:
                standing.discard(line.text("id"))
                yield from given_up
                given_up.clear()
            case Event.WATCH_ENDED if standing:
                given_up.append(line.text("why"))
            case Event.RECOVERY_SEEN if standing:
                given_up.clear()
    yield from given_up


def _named(subject: _Line | None) -> str:
    """What the drill is about; one that broke nothing yet is about a fault."""
    return "the fault" if subject is None else _SUBJECTS[subject.entry.event]
