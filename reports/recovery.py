"""Measure and judge a drill: pure, no clock, no network, no pytest.

``measure`` turns what customers were told into figures, ``judge`` turns figures into a
verdict with its reasons. Times are seconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports import reasons
from reports.audit import Audit, audit
from reports.ledger import Outcome as Told
from reports.outages import (
    Attempts,
    Frame,
    find_outages,
    has_settled,
    widest_gap_seconds,
)
from reports.percentiles import p95
from reports.reads import reads_of
from reports.service import measure_service
from reports.verdict import Injection, Objectives, Outcome, Recovery, Verdict, Watch
from reports.writes import Writes, writes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.restorations import Comparison
    from reports.verdict import TakenBack


def measure(  # noqa: PLR0913 - each is one kind of evidence, and all are named
    ledger: NDArray[np.void],
    final_read: NDArray[np.void] | None,
    *,
    injections: Sequence[Injection],
    watch: Watch,
    settle_seconds: float,
    taken_back: TakenBack | None = None,
) -> Recovery:
    """What customers saw around the faults; where nothing was broken, in the whole watch.

    Attempts that began after the watch are audited, and belong to no outage. Where the
    database was taken back to a moment, that moment says which writes must be there.

    Raises:
        ValueError: the settled while is not longer than 0 s.
    """
    if not settle_seconds > 0:
        raise ValueError(f"settle_seconds must be greater than 0, not {settle_seconds}")
    creates, damaged = writes_of(ledger)
    attempts = _watched(creates, watch)
    fault_starts = sorted(injection.started_at for injection in injections)
    frame = Frame(
        fault_starts=fault_starts or [watch.started_at],
        settle_seconds=settle_seconds,
        watch_ended_at=watch.ended_at,
    )
    first = frame.fault_starts[0]
    outages = find_outages(attempts, frame)
    widest_gap = widest_gap_seconds(attempts.began, since=first, until=watch.ended_at)
    watched = attempts.began >= watch.started_at
    before = watched & (attempts.began < first)
    after = attempts.began >= first
    found = _audited(creates, final_read, injections, taken_back)
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
        rpo_is_lower_bound=found.rpo_is_lower_bound if found else None,
        lost=found.lost if found else None,
        lost_after_effect=found.lost_after_effect if found else None,
        lost_examples=found.lost_examples if found else (),
        taken_back_to=taken_back.to_wall.isoformat() if taken_back else None,
        discarded=found.discarded if found else None,
        discarded_seconds=found.discarded_seconds if found else 0.0,
        beyond=found.beyond if found else None,
        beyond_examples=found.beyond_examples if found else (),
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
        failed_before_fault=_count(before & ~attempts.acknowledged & (attempts.ended < first)),
        attempts_after_fault=_count(after),
        covered_until=float(attempts.began[-1]) if attempts.began.size else watch.started_at,
        damaged=damaged,
        service=measure_service(creates, reads_of(ledger), frame=frame, watch=watch),
    )


def judge(  # noqa: PLR0913 - each is one kind of evidence, and all are named
    recovery: Recovery | None,
    objectives: Objectives,
    *,
    injections: Sequence[Injection],
    watch: Watch,
    comparisons: Sequence[Comparison] = (),
    obstacles: Sequence[str] = (),
    breaches: Sequence[str] = (),
    doubts: Sequence[str] = (),
) -> Verdict:
    """The verdict; every reason is one sentence.

    An invalid experiment (``obstacles`` among them) proves nothing, whatever it shows.
    What is certain (``breaches`` among them) makes a valid one MISSED. Where the evidence
    is not enough (``doubts`` among them) the rest is not MET. All reasons are listed.
    A drill whose subject is backups needs no fault: it is judged by its ``comparisons``, and
    by what its customers saw meanwhile. Nor does one whose subject is a change.
    """
    invalid = [
        *obstacles,
        *reasons.why_invalid(recovery, objectives, injections, watch, comparisons),
    ]
    missed = [
        *breaches,
        *reasons.what_was_missed(recovery, objectives, injections, watch, comparisons),
    ]
    doubtful = [
        *reasons.what_is_doubtful(recovery, objectives, injections, watch, comparisons),
        *doubts,
    ]
    if recovery is None and injections and not invalid:
        invalid = ["nothing was measured"]
    return Verdict(_outcome(invalid, missed, doubtful), (*invalid, *missed, *doubtful))


def judge_measurement(
    *, obstacles: Sequence[str], breaches: Sequence[str], doubts: Sequence[str]
) -> Verdict:
    """The verdict on a drill that measures, whatever it found: that is for people to judge."""
    return Verdict(_outcome(obstacles, breaches, doubts), (*obstacles, *breaches, *doubts))


def _outcome(invalid: Sequence[str], missed: Sequence[str], doubtful: Sequence[str]) -> Outcome:
    if invalid:
        return Outcome.INCONCLUSIVE
    if missed:
        return Outcome.MISSED
    return Outcome.INCONCLUSIVE if doubtful else Outcome.MET


def _watched(creates: Writes, watch: Watch) -> Attempts:
    end = int(np.searchsorted(creates.began, watch.ended_at, side="right"))
    return Attempts(
        began=creates.began[:end],
        ended=creates.ended[:end],
        acknowledged=creates.outcome[:end] == Told.YES,
    )


def _audited(
    creates: Writes,
    final_read: NDArray[np.void] | None,
    injections: Sequence[Injection],
    taken_back: TakenBack | None,
) -> Audit | None:
    if final_read is None:
        return None
    return audit(creates, final_read, injections=injections, taken_back=taken_back)


def _p95_seconds(attempts: Attempts, after: NDArray[np.bool_], watch: Watch) -> float | None:
    """What never ended lasted until the watch's end."""
    began, ended = attempts.began[after], attempts.ended[after]
    return p95(np.where(np.isnan(ended), watch.ended_at, ended) - began)


def _median_gap_seconds(began: NDArray[np.float64]) -> float | None:
    return float(np.median(np.diff(began))) if began.size > 1 else None


def _count(which: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(which))
