"""Outages: when customers could not write, from what they were told. Pure.

A failed write fails at the moment it began, or at the start of the first fault if it was
in flight then: before that, nothing had been broken. An outage is a run of such moments; it
ends with the first acknowledged write such that nothing fails within the settled while that
begins with it. A later fault never moves the start of an outage that had begun before it:
one that is never answered would otherwise hide all that came before the last fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Attempts come some tens of milliseconds apart, and between the last one and the note
# that the load has stopped lies the stopping of the load itself: parts of a second. A
# ledger that ends earlier than this before its watch has lost its writer.
COVERAGE_TOLERANCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A while in which writes failed; ``restored_at`` is None where it outlived the watch."""

    began_at: float
    restored_at: float | None
    seconds: float  # a lower bound where restored_at is None
    failed_attempts: int
    resolution_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Writes that began before the watch ended, in the order in which they began."""

    began: NDArray[np.float64]
    ended: NDArray[np.float64]  # NaN for those that never ended
    acknowledged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a history of attempts is seen against; seconds of CLOCK_MONOTONIC."""

    # Ascending, one at the least: where nothing was broken, it is the watch's start.
    fault_starts: Sequence[float]
    settle_seconds: float
    watch_ended_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failures:
    """Each moment of failing, ascending, and the attempt that failed."""

    moments: NDArray[np.float64]
    attempts: NDArray[np.intp]


def find_outages(attempts: Attempts, frame: Frame) -> list[Outage]:
    """Every outage from the first fault on, in the order in which they began."""
    failures = _failures(attempts, frame.fault_starts)
    if failures.moments.size == 0:
        return []
    following = np.searchsorted(attempts.began, failures.moments, side="right")
    lasts = _last_of_each_outage(attempts, failures, following, frame.settle_seconds)
    firsts = np.concatenate(([0], lasts[:-1] + 1))
    return [
        _outage(
            attempts,
            frame,
            _Failures(
                moments=failures.moments[first : last + 1],
                attempts=failures.attempts[first : last + 1],
            ),
            next_write=int(following[last]),
        )
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    ]


def has_settled(attempts: Attempts, outages: Sequence[Outage], frame: Frame) -> bool:
    """Whether a whole settled while was seen after the last fault and the last failure."""
    if any(outage.restored_at is None for outage in outages):
        return False
    write = int(np.searchsorted(attempts.began, frame.fault_starts[-1], side="left"))
    return _is_covered(attempts, frame, write)


def widest_gap_seconds(began: NDArray[np.float64], *, since: float, until: float) -> float:
    """The longest while without a new attempt that reaches into [since, until].

    It is measured from the last attempt before ``since`` where there is one.
    """
    first = int(np.searchsorted(began, since, side="left"))
    end = int(np.searchsorted(began, until, side="right"))
    opening = began[first - 1] if first > 0 else since
    points = np.concatenate(([opening], began[first:end], [until]))
    return float(np.diff(points).max())


def ends_early(covered_until: float, watch_ended_at: float) -> bool:
    return covered_until < watch_ended_at - COVERAGE_TOLERANCE_SECONDS


def _failures(attempts: Attempts, fault_starts: Sequence[float]) -> _Failures:
    failed = np.flatnonzero(~attempts.acknowledged)
    began, ended = attempts.began[failed], attempts.ended[failed]
    since_fault = began >= fault_starts[0]
    in_flight = (began < fault_starts[0]) & ~(ended < fault_starts[0])
    every_moment = np.concatenate(
        (began[since_fault], np.full(np.count_nonzero(in_flight), fault_starts[0]))
    )
    every_attempt = np.concatenate((failed[since_fault], failed[in_flight]))
    order = np.argsort(every_moment, kind="stable")
    return _Failures(moments=every_moment[order], attempts=every_attempt[order])


def _last_of_each_outage(
    attempts: Attempts,
    failures: _Failures,
    following: NDArray[np.intp],
    settle_seconds: float,
) -> NDArray[np.intp]:
    """Where the next write is followed by a settled while, before anything fails again."""
    candidates = np.append(attempts.began, np.inf)[following]
    separate = failures.moments[1:] > candidates[:-1] + settle_seconds
    return np.append(np.flatnonzero(separate), failures.moments.size - 1)


def _outage(
    attempts: Attempts, frame: Frame, failures: _Failures, *, next_write: int
) -> Outage:
    start = _start(attempts, frame, failures)
    restored = _is_covered(attempts, frame, next_write)
    # Where the settled while was cut short, that write may yet have been the end of it:
    # the outage certainly lasted until it was answered, and that is all that is certain.
    answered_at = _first_answer(attempts, next_write)
    end = _seen_until(attempts, frame) if answered_at is None else answered_at
    until = float(attempts.began[next_write]) if restored else frame.watch_ended_at
    return Outage(
        began_at=start,
        restored_at=end if restored else None,
        seconds=end - start,
        failed_attempts=int(np.unique(failures.attempts).size),
        resolution_seconds=widest_gap_seconds(attempts.began, since=start, until=until),
    )


def _start(attempts: Attempts, frame: Frame, failures: _Failures) -> float:
    """The start of the fault that brought the outage, or its own where it came late."""
    first = float(failures.moments[0])
    for fault in frame.fault_starts:
        if fault <= first and not _held_until(attempts, fault, first, frame.settle_seconds):
            return fault
    return first


def _held_until(
    attempts: Attempts, fault: float, first_failure: float, settle_seconds: float
) -> bool:
    """Whether writes went on for a settled while after the fault, before one failed."""
    write = int(np.searchsorted(attempts.began, fault, side="left"))
    if write == attempts.began.size:
        return False
    return first_failure > float(attempts.began[write]) + settle_seconds


def _is_covered(attempts: Attempts, frame: Frame, write: int) -> bool:
    """Whether the whole settled while that begins with this write was seen."""
    if write == attempts.began.size:
        return False
    settled_at = float(attempts.began[write]) + frame.settle_seconds
    return settled_at <= _seen_until(attempts, frame)


def _first_answer(attempts: Attempts, write: int) -> float | None:
    """When the write was answered; the first answer of those that began together."""
    if write == attempts.began.size:
        return None
    began = attempts.began
    together = int(np.searchsorted(began, began[write], side="right"))
    return float(attempts.ended[write:together].min())


def _seen_until(attempts: Attempts, frame: Frame) -> float:
    """The watch's end, or the ledger's if it ends early: nobody knows what came then."""
    covered_until = float(attempts.began[-1])
    early = ends_early(covered_until, frame.watch_ended_at)
    return covered_until if early else frame.watch_ended_at
