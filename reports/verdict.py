"""What measuring and judging are about: objectives in, figures and a verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.outages import Outage


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """What recovery must achieve; None is not judged.

    ``rto_seconds`` bounds every outage. With ``rpo_seconds=0`` no acknowledged write may
    be missing. ``p95_seconds`` bounds the 95th percentile of all attempts from the first
    fault to the end of the watch, failures included.
    ``unsettled`` bounds the orders that are acknowledged and still pending at the end.
    """

    rto_seconds: float
    rpo_seconds: float
    p95_seconds: float | None = None
    unsettled: int | None = None


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
    rpo_seconds: float  # age, at the fault, of the oldest lost write; 0 where none is lost
    lost: int | None  # acknowledged before the fault took effect; None without a final read
    lost_after_effect: int | None  # acknowledged after it, and lost: split brain
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


class Outcome(StrEnum):
    MET = "MET"
    MISSED = "MISSED"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reasons: Sequence[str]
