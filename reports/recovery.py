"""Measure and judge a drill: pure, no clock, no network, no pytest.

``measure`` turns what customers were told into figures, ``judge`` turns figures into a
verdict with its reasons. Times are seconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports import reasons
from reports.audit import Audit, Writes, audit
from reports.ledger import Operation
from reports.ledger import Outcome as Told
from reports.outages import (
    Attempts,
    Frame,
    find_outages,
    has_settled,
    widest_gap_seconds,
)
from reports.verdict import Injection, Objectives, Outcome, Recovery, Verdict, Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Creates(Writes):
    """The attempts to create, in the order in which they began."""

    began: NDArray[np.float64]


def measure(
    ledger: NDArray[np.void],
    final_read: NDArray[np.void] | None,
    *,
    injections: Sequence[Injection],
    watch: Watch,
    settle_seconds: float,
) -> Recovery:
    """What customers saw around the faults.

    Attempts that began after the watch are audited, and belong to no outage.

    Raises:
        ValueError: there is no injection, or the settled while is not longer than 0 s.
    """
    if not injections:
        raise ValueError("nothing to measure: no fault was injected")
    if not settle_seconds > 0:
        raise ValueError(f"settle_seconds must be greater than 0, not {settle_seconds}")
    creates, damaged = _creates(ledger)
    attempts = _watched(creates, watch)
    first = min(injections, key=lambda injection: injection.started_at)
    frame = Frame(
        fault_starts=sorted(injection.started_at for injection in injections),
        settle_seconds=settle_seconds,
        watch_ended_at=watch.ended_at,
    )
    outages = find_outages(attempts, frame)
    widest_gap = widest_gap_seconds(
        attempts.began, since=first.started_at, until=watch.ended_at
    )
    watched = attempts.began >= watch.started_at
    before = watched & (attempts.began < first.started_at)
    after = attempts.began >= first.started_at
    found = _audited(creates, final_read, first)
    return Recovery(
        attempts=creates.key.size,
        acknowledged=_count(creates.outcome == Told.YES),
        refused=_count(creates.outcome == Told.NO),
        unknown=_count((creates.outcome == Told.UNKNOWN) | (creates.outcome == Told.PENDING)),
        unknown_present=found.unknown_present if found else 0,
        outages=tuple(outages),
        rto_seconds=max((outage.seconds for outage in outages), default=0.0),
        rto_is_lower_bound=any(outage.restored_at is None for outage in outages),
        settled=has_settled(attempts, outages, frame),
        settle_seconds=settle_seconds,
        rpo_seconds=found.rpo_seconds if found else 0.0,
        lost=found.lost if found else None,
        lost_after_effect=found.lost_after_effect if found else None,
        lost_examples=found.lost_examples if found else (),
        corrupted=found.corrupted if found else None,
        unwritten=found.unwritten if found else None,
        duplicated=found.duplicated if found else None,
        refused_present=found.refused_present if found else None,
        unsettled=found.unsettled if found else None,
        p95_seconds=_p95_seconds(attempts, after, watch),
        resolution_seconds=max(
            (outage.resolution_seconds for outage in outages), default=widest_gap
        ),
        widest_gap_seconds=widest_gap,
        attempt_gap_median_seconds=_median_gap_seconds(attempts.began[watched]),
        attempts_before_fault=_count(before),
        failed_before_fault=_count(
            before & ~attempts.acknowledged & (attempts.ended < first.started_at)
        ),
        attempts_after_fault=_count(after),
        covered_until=float(attempts.began[-1]) if attempts.began.size else watch.started_at,
        damaged=damaged,
    )


def judge(  # noqa: PLR0913 - each is one kind of evidence, and all are named
    recovery: Recovery | None,
    objectives: Objectives,
    *,
    injections: Sequence[Injection],
    watch: Watch,
    obstacles: Sequence[str] = (),
    breaches: Sequence[str] = (),
    doubts: Sequence[str] = (),
) -> Verdict:
    """The verdict; every reason is one sentence.

    An invalid experiment (``obstacles`` among them) proves nothing, whatever it shows.
    What is certain (``breaches`` among them) makes a valid one MISSED. Where the evidence
    is not enough (``doubts`` among them) the rest is not MET. All reasons are listed.
    """
    invalid = [*obstacles, *reasons.why_invalid(recovery, objectives, injections, watch)]
    missed = [*breaches, *reasons.what_was_missed(recovery, objectives)]
    doubtful = [*reasons.what_is_doubtful(recovery, objectives, injections, watch), *doubts]
    if recovery is None and not invalid:
        invalid = ["nothing was measured"]
    return Verdict(_outcome(invalid, missed, doubtful), (*invalid, *missed, *doubtful))


def _outcome(invalid: Sequence[str], missed: Sequence[str], doubtful: Sequence[str]) -> Outcome:
    if invalid:
        return Outcome.INCONCLUSIVE
    if missed:
        return Outcome.MISSED
    return Outcome.INCONCLUSIVE if doubtful else Outcome.MET


def _creates(ledger: NDArray[np.void]) -> tuple[_Creates, int]:
    """The creates in the order in which they began, and how many records are damaged."""
    began = np.ascontiguousarray(ledger["began"])
    ended = np.ascontiguousarray(ledger["ended"])
    outcome = np.ascontiguousarray(ledger["outcome"])
    operation = np.ascontiguousarray(ledger["operation"])
    sound = _is_sound(began, ended, outcome, operation)
    order = np.flatnonzero(sound & (operation == Operation.CREATE))
    order = order[np.argsort(began[order], kind="stable")]
    creates = _Creates(
        key=ledger["key"][order],
        value=ledger["value"][order],
        began=began[order],
        ended=ended[order],
        outcome=outcome[order],
    )
    return creates, ledger.size - _count(sound)


def _is_sound(
    began: NDArray[np.float64],
    ended: NDArray[np.float64],
    outcome: NDArray[np.uint8],
    operation: NDArray[np.uint8],
) -> NDArray[np.bool_]:
    """Whether a record is one that a writer of ledgers could have written."""
    pending = outcome == Told.PENDING
    answered = (outcome >= Told.YES) & (outcome <= Told.UNKNOWN)
    ended_as_told = (pending & np.isnan(ended)) | (
        answered & (ended >= began) & np.isfinite(ended)
    )
    known_operation = (operation == Operation.CREATE) | (operation == Operation.READ)
    sound: NDArray[np.bool_] = np.isfinite(began) & ended_as_told & known_operation
    return sound


def _watched(creates: _Creates, watch: Watch) -> Attempts:
    end = int(np.searchsorted(creates.began, watch.ended_at, side="right"))
    return Attempts(
        began=creates.began[:end],
        ended=creates.ended[:end],
        acknowledged=creates.outcome[:end] == Told.YES,
    )


def _audited(
    creates: _Creates, final_read: NDArray[np.void] | None, first: Injection
) -> Audit | None:
    if final_read is None:
        return None
    return audit(
        creates,
        final_read,
        fault_started_at=first.started_at,
        took_effect_at=first.took_effect_at,
    )


def _p95_seconds(attempts: Attempts, after: NDArray[np.bool_], watch: Watch) -> float | None:
    """The nearest-rank 95th percentile; what never ended lasted until the watch's end."""
    began, ended = attempts.began[after], attempts.ended[after]
    if began.size == 0:
        return None
    seconds = np.where(np.isnan(ended), watch.ended_at, ended) - began
    rank = -(-95 * began.size // 100)
    return float(np.partition(seconds, rank - 1)[rank - 1])


def _median_gap_seconds(began: NDArray[np.float64]) -> float | None:
    return float(np.median(np.diff(began))) if began.size > 1 else None


def _count(which: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(which))
