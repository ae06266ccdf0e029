"""The slow, obvious checker: the design's words as plain loops, one attempt at a time.

It shares no code with reports/ beyond the names of what a customer can be told, and it
knows no numpy. Where it and reports/ disagree, one of them misreads the design.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Attempt:
    key: int
    value: int
    began: float
    ended: float | None  # None: nobody ever answered
    told: str  # YES, NO, UNKNOWN or PENDING
    customer: int = 0
    seen: str = "UNKNOWN"  # or ABSENT, PENDING, PAID, WRONG, ANOTHER


@dataclass(frozen=True)
class Row:
    key: int
    value: int
    settled: bool


@dataclass(frozen=True)
class Fault:
    started: float
    took_effect: float | None
    gone: float | None


@dataclass(frozen=True)
class Back:
    """The database was restored to a moment; the old one had been stopped by another."""

    to: float
    stopped: float


@dataclass(frozen=True)
class Drill:
    attempts: Sequence[Attempt]
    rows: Sequence[Row] | None
    faults: Sequence[Fault]
    steady: float
    stopped: float
    settle: float
    back: Back | None = None
    reads: Sequence[Attempt] = ()


@dataclass(frozen=True)
class Demand:
    rto: float
    rpo: float
    p95: float | None
    unsettled: int | None
    stale: int | None = 0
    availability: float | None = None
    read_availability: float | None = None
    read_outage: float | None = None


@dataclass(frozen=True)
class SeenOutage:
    began: float
    restored: float | None
    seconds: float
    failed: int
    resolution: float


def watched(drill: Drill) -> list[Attempt]:
    """Attempts that count for outages: those begun before the load was stopped."""
    return [attempt for attempt in drill.attempts if attempt.began <= drill.stopped]


def covered_until(drill: Drill) -> float:
    return max((attempt.began for attempt in watched(drill)), default=drill.steady)


def seen_until(drill: Drill) -> float:
    """The stop of the load, unless the ledger ends more than a second before it."""
    last = covered_until(drill)
    return last if last < drill.stopped - 1.0 else drill.stopped


def first_fault(drill: Drill) -> float:
    """When the first one was started; all of the watch is looked at where none was."""
    return min((fault.started for fault in drill.faults), default=drill.steady)


def in_flight(attempt: Attempt, at: float) -> bool:
    return attempt.began < at and (attempt.ended is None or attempt.ended >= at)


def pains(drill: Drill) -> list[tuple[float, Attempt]]:
    """When each failed write hurt: as it began, or at the first fault if in flight then."""
    first = first_fault(drill)
    found = []
    for attempt in watched(drill):
        if attempt.told == "YES":
            continue
        if attempt.began >= first:
            found.append((attempt.began, attempt))
        elif in_flight(attempt, first):
            found.append((first, attempt))
    return sorted(found, key=lambda pain: pain[0])


def restoring_write(drill: Drill, after: float) -> Attempt | None:
    """The first acknowledged write after that, with nothing failing for a settled while.

    It need not have been watched for that long: see ``outages``.
    """
    hurts = [moment for moment, _ in pains(drill)]
    writes = sorted(
        (attempt for attempt in watched(drill) if attempt.told == "YES"),
        key=lambda attempt: (attempt.began, attempt.ended),
    )
    for write in writes:
        clean = not any(write.began <= hurt <= write.began + drill.settle for hurt in hurts)
        if write.began > after and clean:
            return write
    return None


def first_write_from(drill: Drill, moment: float) -> float:
    return min(
        (attempt.began for attempt in watched(drill) if attempt.began >= moment),
        default=math.inf,
    )


def start_of_outage(drill: Drill, hurt: Sequence[tuple[float, Attempt]]) -> float:
    """From the fault that brought it; from its own first failure if it came late."""
    first = hurt[0][0]
    for started in sorted(fault.started for fault in drill.faults) or [drill.steady]:
        bites_at_once = first <= first_write_from(drill, started) + drill.settle
        if started <= first and bites_at_once:
            return started
    return first


def widest_gap(drill: Drill, since: float, until: float) -> float:
    begins = sorted(attempt.began for attempt in watched(drill))
    before = [began for began in begins if began < since]
    points = [before[-1] if before else since]
    points += [began for began in begins if since <= began <= until]
    points.append(until)
    widest = 0.0
    for one, following in pairwise(points):
        widest = max(widest, following - one)
    return widest


def outages(drill: Drill) -> list[SeenOutage]:
    found = []
    remaining = pains(drill)
    while remaining:
        write = restoring_write(drill, after=remaining[0][0])
        end_of_run = math.inf if write is None else write.began
        hurt = [pain for pain in remaining if pain[0] < end_of_run]
        remaining = [pain for pain in remaining if pain[0] > end_of_run]
        began = start_of_outage(drill, hurt)
        settled = write is not None and write.began + drill.settle <= seen_until(drill)
        if write is None:
            ended = seen_until(drill)
        else:
            assert write.ended is not None
            ended = write.ended
        until = write.began if write is not None and settled else drill.stopped
        found.append(
            SeenOutage(
                began=began,
                restored=ended if settled else None,
                seconds=ended - began,
                failed=len({id(attempt) for _, attempt in hurt}),
                resolution=widest_gap(drill, began, until),
            )
        )
    return found


def settled(drill: Drill) -> bool:
    """Whether service was seen restored after everything that happened to it."""
    if any(outage.restored is None for outage in outages(drill)):
        return False
    last_fault = max((fault.started for fault in drill.faults), default=drill.steady)
    return first_write_from(drill, last_fault) + drill.settle <= seen_until(drill)


def said_yes(drill: Drill, key: int) -> list[Attempt]:
    return [one for one in drill.attempts if one.key == key and one.told == "YES"]


def missing(drill: Drill) -> dict[int, str]:
    """Each acknowledged key that is gone: lost before, lost after, or discarded."""
    assert drill.rows is not None
    present = {row.key for row in drill.rows}
    tried = {attempt.key for attempt in drill.attempts}
    return {
        key: fate_by_fault(drill, key)
        if drill.back is None
        else fate_by_moment(drill, key, drill.back)
        for key in tried
        if said_yes(drill, key) and key not in present
    }


def fate_by_fault(drill: Drill, key: int) -> str:
    """After all faults' effects or not, by the last time it was acknowledged.

    Where there was no fault there is no after: that would be a split brain.
    """
    if not drill.faults:
        return "before"
    last = max(answered(drill, key))
    effects = [fault.took_effect for fault in drill.faults]
    return "after" if all(one is not None and one <= last for one in effects) else "before"


def fate_by_moment(drill: Drill, key: int, back: Back) -> str:
    """What must be there, what must be there since the restore, and what was given up."""
    if min(answered(drill, key)) <= back.to:
        return "before"
    again = [yes for yes in said_yes(drill, key) if yes.began >= back.stopped]
    return "after" if again else "discarded"


def answered(drill: Drill, key: int) -> list[float]:
    """When customers were told that this key is taken."""
    return [yes.ended for yes in said_yes(drill, key) if yes.ended is not None]


def rpo(drill: Drill) -> float:
    ages = [0.0, discarded_age(drill)]
    if not drill.faults:
        return max(ages)
    started = max(fault.started for fault in drill.faults)
    for key, fate in missing(drill).items():
        if fate != "discarded":
            ages += [started - moment for moment in answered(drill, key)]
    return max(ages)


def rpo_is_lower_bound(drill: Drill) -> bool:
    """Whether an acknowledged write is gone, and every one that is left is younger."""
    gone = missing(drill)
    for lost in gone:
        age_of_lost = min(answered(drill, lost))
        left = [one for one in drill.attempts if one.told == "YES" and one.key not in gone]
        if all(one.ended is not None and one.ended > age_of_lost for one in left):
            return True
    return False


def discarded_age(drill: Drill) -> float:
    ages = [0.0]
    for key, fate in missing(drill).items():
        if fate == "discarded" and drill.back is not None:
            ages += [drill.back.stopped - moment for moment in answered(drill, key)]
    return max(ages)


def beyond(drill: Drill) -> list[int]:
    """The keys that are there though only the old database, after the moment, had them."""
    if drill.back is None or drill.rows is None:
        return []
    found = []
    for key in sorted({row.key for row in drill.rows}):
        begun = [attempt.began for attempt in drill.attempts if attempt.key == key]
        if begun and all(drill.back.to < began < drill.back.stopped for began in begun):
            found.append(key)
    return found


def kind_of_row(drill: Drill, row: Row) -> str:
    of_key = [attempt for attempt in drill.attempts if attempt.key == row.key]
    told = {attempt.told for attempt in of_key if attempt.value == row.value}
    if not of_key:
        return "unwritten"
    if not told or ("YES" not in told and said_yes(drill, row.key)):
        return "corrupted"
    if "YES" in told:
        return "acknowledged"
    return "refused" if told == {"NO"} else "unknown"


def count_rows(drill: Drill, kind: str) -> int:
    return sum(1 for row in drill.rows or () if kind_of_row(drill, row) == kind)


def duplicated(drill: Drill) -> int:
    rows = drill.rows or ()
    return len(rows) - len({row.key for row in rows})


def unsettled(drill: Drill) -> int:
    rows = drill.rows or ()
    return sum(1 for row in rows if said_yes(drill, row.key) and not row.settled)


def after_fault(drill: Drill) -> list[Attempt]:
    started = first_fault(drill)
    return [attempt for attempt in watched(drill) if attempt.began >= started]


def before_fault(drill: Drill) -> list[Attempt]:
    started = first_fault(drill)
    return [one for one in watched(drill) if drill.steady <= one.began < started]


def failed_before_fault(drill: Drill) -> list[Attempt]:
    started = first_fault(drill)
    return [
        one
        for one in before_fault(drill)
        if one.told != "YES" and one.ended is not None and one.ended < started
    ]


def p95(drill: Drill) -> float | None:
    """The smallest latency that at least 95 of 100 attempts do not exceed."""
    took = sorted(
        (drill.stopped if one.ended is None else one.ended) - one.began
        for one in after_fault(drill)
    )
    for place, seconds in enumerate(took, start=1):
        if place * 100 >= 95 * len(took):
            return seconds
    return None
