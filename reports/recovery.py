"""Measure and judge a drill: pure, no clock, no network, no pytest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
class Outage:
    """A while in which writes failed; ``restored_at`` is None where it outlived the watch."""

    began_at: float
    restored_at: float | None
    seconds: float  # a lower bound where restored_at is None
    failed_attempts: int
    resolution_seconds: float


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
    rpo_seconds: float  # age, at the fault, of the oldest lost write; 0 where none is lost
    lost: int | None  # acknowledged before the fault took effect; None without a final read
    lost_after_effect: int | None  # acknowledged after it, and lost: split brain
    lost_examples: Sequence[int]  # keys, ten at the most
    corrupted: int | None  # rows with a value that nobody wrote under that key
    unwritten: int | None  # rows that nobody ever attempted
    unsettled: int | None
    p95_seconds: float | None
    resolution_seconds: float  # the widest gap between attempts around the figures
    attempts_before_fault: int
    covered_until: float  # when the last attempt began


class Outcome(StrEnum):
    MET = "MET"
    MISSED = "MISSED"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reasons: Sequence[str]


def measure(
    ledger: NDArray[np.void],
    final_read: NDArray[np.void] | None,
    *,
    injections: Sequence[Injection],
    watch: Watch,
    settle_seconds: float,
) -> Recovery:
    raise NotImplementedError


def judge(
    recovery: Recovery | None,
    objectives: Objectives,
    *,
    injections: Sequence[Injection],
    watch: Watch,
    obstacles: Sequence[str] = (),
    breaches: Sequence[str] = (),
) -> Verdict:
    raise NotImplementedError
