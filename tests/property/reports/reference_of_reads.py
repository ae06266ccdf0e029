"""The slow, obvious checker of reads: each read against everything told before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.property.reports.reference import Attempt, Drill

# Orders go this way only. One whose number another order has got is not there any more.
STAGES = {"ABSENT": 1, "ANOTHER": 1, "PENDING": 2, "PAID": 3}


def told_before(told: Sequence[Attempt], read: Attempt) -> list[Attempt]:
    """The answers about the same order that its customer had whole when the read began."""
    return [
        one
        for one in told
        if (one.customer, one.key) == (read.customer, read.key)
        and one.ended is not None
        and one.ended < read.began
    ]


def kind_of_read(drill: Drill, read: Attempt) -> str:
    if read.seen == "WRONG":
        return "wrong"
    if read.seen not in STAGES:
        return "says nothing"
    shown = STAGES[read.seen]
    for earlier in told_before(drill.reads, read):
        if earlier.seen in STAGES and STAGES[earlier.seen] > shown:
            return "unordered"
    for write in told_before(drill.attempts, read):
        acknowledged_as = "PAID" if write.seen == "PAID" else "PENDING"
        if write.told == "YES" and STAGES[acknowledged_as] > shown:
            return "stale"
    return "right"


def count_reads(drill: Drill, kind: str) -> int:
    return sum(1 for read in drill.reads if kind_of_read(drill, read) == kind)


def keys_of_reads(drill: Drill, *kinds: str) -> list[int]:
    return sorted({read.key for read in drill.reads if kind_of_read(drill, read) in kinds})


def is_answered(read: Attempt) -> bool:
    return read.told == "YES" or read.seen in {"ABSENT", "ANOTHER"}


def shows_nothing(drill: Drill) -> bool:
    """Whether customers read, and since the fault no answer said how far an order had come."""
    return bool(drill.reads) and shown_since_fault(drill) == 0


def shown_since_fault(drill: Drill) -> int:
    """How many reads say how far an order had come once anything at all was broken."""
    starts = [fault.started for fault in drill.faults] or [drill.steady]
    shown = 0
    for read in drill.reads:
        if read.seen in STAGES and any(start <= read.began for start in starts):
            shown += 1
    return shown


def share(drill: Drill, attempts: Sequence[Attempt]) -> float | None:
    """The share that was answered of what was begun while customers were watched."""
    watched = [one for one in attempts if drill.steady <= one.began <= drill.stopped]
    if not watched:
        return None
    return sum(1 for one in watched if one.told == "YES") / len(watched)


def reading(drill: Drill) -> Drill:
    """The same drill, were its reads the writes: what is answered is acknowledged."""
    reads = [replace(read, told="YES") if is_answered(read) else read for read in drill.reads]
    return replace(drill, attempts=reads, reads=())
