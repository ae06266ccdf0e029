"""What measuring and judging are about: objectives in, figures and a verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reports.harm import Harm
    from reports.intrusion import Intrusion
    from reports.outages import Outage
    from reports.scaling import Scaling


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingObjectives:
    """What a stack that grows and shrinks with its load must achieve.

    ``scale_out_seconds`` bounds every growth, from the moment at which the load was over its
    threshold, and every while in which the stack could grow and no decision to came.
    ``p95_seconds`` and ``errors`` bound what customers got of the surge once the stack had
    grown, ``errors_while_growing`` what failed until then; errors are shares, from 0 to 1.
    ``dropped`` bounds the requests that failed while instances left. ``overshoot`` is how many
    more instances than were needed may serve. A change of direction that comes sooner than
    ``reversal_seconds`` after the last change is flapping; ``reversals`` bounds those.
    ``minimum`` and ``maximum`` bound how many instances are wanted, and the latter how many
    serve. Where fewer than ``reaches`` served at any time, nothing was proven. Where the
    maximum is not enough, ``refusal_seconds`` demands that every request that fails be refused
    honestly, and bounds how long the slowest 5 % of the refusals take; None is not judged.
    """

    scale_out_seconds: float
    errors_while_growing: float
    overshoot: int
    reversal_seconds: float
    p95_seconds: float = 0.2
    errors: float = 0.0005
    dropped: int = 0
    reversals: int = 0
    minimum: int = 3
    maximum: int = 10
    reaches: int | None = None
    refusal_seconds: float | None = None


HARMED_SECONDS = 0.5  # what takes longer is no service to a customer
Ending = Literal["refused", "promoted", "rolled back", "failed"]
Ender = Literal["itself", "people"]
Changed = Literal["release", "configuration", "migration", "flag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeObjectives:
    """What a change of the service may do to customers, and how it must end.

    It is asked of every change that began while customers were watched; ``kind`` (release,
    configuration, migration or flag) asks it of those alone. A request is harmed that was not
    acknowledged, was answered wrongly, or took longer than ``slow_seconds``; None where a busy
    host must not count and the change makes nothing slow: then only what failed is harmed.

    ``ends`` is how a change must end, and ``by`` who must have ended it: ``itself`` or
    ``people``; None is not judged. ``harmed`` bounds the share, from 0 to 1, of the requests
    between the change's start and its end that were harmed, and ``harm_seconds`` the while
    from the first to the last of them. ``rollback_seconds`` bounds the while from the first
    harmed request until the change was rolled back, ``rollback_from_start_seconds`` the one
    from its start. Where fewer than ``bites`` were harmed, the change was not a bad one, and
    nothing was proven.

    ``harmed_after`` bounds the requests that failed or were answered wrongly though they began
    after it was rolled back and a second more, ``slow_after`` those that took too long then:
    apart, because a busy host alone lets some requests wait, and fails none. ``failed`` bounds,
    for the same reason, the share of the requests that ``harmed`` is a share of, and that were
    not merely slow.
    """

    harmed: float
    ends: Ending
    slow_seconds: float | None = HARMED_SECONDS
    by: Ender | None = None
    harm_seconds: float | None = None
    rollback_seconds: float | None = None
    rollback_from_start_seconds: float | None = None
    failed: float | None = None
    harmed_after: int = 0
    slow_after: int | None = None
    bites: int = 0
    kind: Changed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachObjectives:
    """How fast an intruder must be noticed, and be out; from its first success, in seconds.

    ``detect_seconds`` bounds the while until the first signal, ``shut_out_seconds`` the one
    until people say that it is shut out; after that no attempt may succeed. Where fewer than
    ``refused_after`` attempts with each credential that had worked were refused after that,
    nobody knows whether it is out.
    """

    detect_seconds: float
    shut_out_seconds: float
    refused_after: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """What recovery must achieve; None is not judged.

    ``rto_seconds`` bounds every outage. With ``rpo_seconds=0`` no acknowledged write may
    be missing. ``p95_seconds`` bounds the 95th percentile of all attempts from the first
    fault to the end of the watch, failures included.
    ``unsettled`` bounds the orders that are acknowledged and still pending at the end.
    ``stale_reads`` bounds the reads that show less of an order than the same customer had
    been told before; None where a scenario takes the database back or loses rows by design,
    and in drills from before this was known.
    ``wrong_reads`` bounds the reads that got something else than the order they asked for.
    ``availability`` and ``read_availability`` are the least share, from 0 to 1, of all
    writes and reads of the drill that must be answered; ``read_outage_seconds`` bounds
    every while in which customers could not read. ``scaling`` is what is asked of a stack
    that grows and shrinks, ``change`` of changes of the service, ``breach`` where an intruder
    has got in.
    """

    rto_seconds: float
    rpo_seconds: float
    p95_seconds: float | None = None
    unsettled: int | None = None
    stale_reads: int | None = 0
    wrong_reads: int = 0
    availability: float | None = None
    read_availability: float | None = None
    read_outage_seconds: float | None = None
    scaling: ScalingObjectives | None = None
    change: ChangeObjectives | None = None
    breach: BreachObjectives | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One fault of a drill; seconds of CLOCK_MONOTONIC, None for what never happened."""

    fault: str
    started_at: float
    took_effect_at: float | None
    gone_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How long customers were watched; seconds of CLOCK_MONOTONIC."""

    started_at: float
    ended_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """The database was restored to a moment; seconds of CLOCK_MONOTONIC.

    By ``stopped`` the old database had been stopped: nothing begun later can have
    reached it. ``stopped`` is no earlier than ``to``.
    """

    to: float
    stopped: float
    to_wall: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What customers got over the whole drill, before and after the faults included.

    A share is of what was begun between the watch's start and its end, from 0 to 1, and
    None where that is nothing. A read is answered if it got its order, or certain word that
    there is no such order: whether that may be is what stale reads are about.
    """

    availability: float | None  # writes acknowledged
    read_availability: float | None
    reads: int
    reads_answered: int
    read_outage_seconds: float  # the longest outage of reads; 0 where there was none
    read_outage_is_lower_bound: bool
    reads_settled: bool  # a whole settled while was seen after the last fault and failure
    widest_read_gap_seconds: float  # between reads, from the first fault to the watch's end
    reads_shown: int  # that showed how far their order had come: only those can be stale
    # Less of an order than its customer had been told: when it was acknowledged, and by an
    # earlier read. A read that is both is unordered alone.
    stale_reads: int
    unordered_reads: int
    stale_examples: Sequence[int]  # keys of either, ten at the most
    wrong_reads: int  # a success that is not the order that was asked for
    wrong_examples: Sequence[int]  # keys, ten at the most
    # Of those shown, begun at the first fault or later: what was read before it says nothing
    # of stale reads. None in drills that were saved before this was known.
    reads_shown_since_fault: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What customers saw, in figures. Nothing here is an opinion."""

    attempts: int
    acknowledged: int
    refused: int
    unknown: int
    unknown_present: int  # UNKNOWN writes that the final read found all the same
    outages: Sequence[Outage]
    rto_seconds: float  # the longest outage; 0 where there was none
    rto_is_lower_bound: bool
    settled: bool  # a whole settled while was seen after the last fault and failure
    settle_seconds: float
    # The age, at the last fault, of the oldest lost write, 0 where none is lost; where the
    # database was taken back, at least the age of the oldest discarded one.
    rpo_seconds: float
    # Acknowledged before the last fault took effect, or by the moment that the database was
    # taken back to; None without a final read.
    lost: int | None
    # Acknowledged after the effect, and lost: split brain. Where the database was taken
    # back: begun after the old one had been stopped.
    lost_after_effect: int | None
    lost_examples: Sequence[int]  # keys, ten at the most
    corrupted: int | None  # rows with a value that nobody wrote under that key
    unwritten: int | None  # rows that nobody ever attempted
    duplicated: int | None  # rows beyond the first under the same key
    refused_present: int | None  # rows of writes that were certainly not done
    unsettled: int | None
    p95_seconds: float | None
    resolution_seconds: float  # the widest gap between attempts around the figures
    widest_gap_seconds: float  # the same, anywhere between the fault and the watch's end
    attempt_gap_median_seconds: float | None
    attempts_before_fault: int
    failed_before_fault: int  # failed, and answered, before the first fault
    attempts_after_fault: int
    covered_until: float  # when the last attempt began
    damaged: int  # records of the ledger that make no sense; they count nowhere else
    # Defaults: drills that were saved before these were known can be read.
    taken_back_to: str | None = None  # ISO 8601; None where the database never was
    discarded: int | None = None  # acknowledged after that moment, and given up with it
    discarded_seconds: float = 0.0  # the oldest one's age when the old database had stopped
    beyond: int | None = None  # begun after that moment, before that stop, and there
    beyond_examples: Sequence[int] = ()  # keys, ten at the most
    service: Service | None = None
    # The first write that was ever acknowledged is lost, or given up: had customers ordered
    # for longer, more might be. None without a final read.
    rpo_is_lower_bound: bool | None = None
    scaling: Scaling | None = None  # None where nothing was written down of it
    harm: Harm | None = None  # likewise, of changes
    intrusion: Intrusion | None = None  # likewise


class Outcome(StrEnum):
    MET = "MET"
    MISSED = "MISSED"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reasons: Sequence[str]
