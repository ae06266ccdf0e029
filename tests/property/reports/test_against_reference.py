"""Belief: measure and judge say what the slow, obvious reference says, of any history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import event, given, settings

from tests.property.reports import reference, reference_of_reads, reference_verdict
from tests.property.reports.histories import demands, drills, judged, measured

if TYPE_CHECKING:
    from tests.property.reports.reference import Demand, Drill

EXAMPLES = settings(max_examples=200, deadline=None)


@EXAMPLES
@given(drills)
def test_outages_are_those_of_the_reference(drill: Drill) -> None:
    recovery = measured(drill)
    seen = reference.outages(drill)
    event(f"{len(seen)} outages")
    assert [
        (
            one.began_at,
            one.restored_at,
            one.seconds,
            one.failed_attempts,
            one.resolution_seconds,
        )
        for one in recovery.outages
    ] == [(one.began, one.restored, one.seconds, one.failed, one.resolution) for one in seen]
    assert recovery.rto_seconds == max((one.seconds for one in seen), default=0.0)
    assert recovery.rto_is_lower_bound == any(one.restored is None for one in seen)
    assert recovery.settled == reference.settled(drill)


@EXAMPLES
@given(drills)
def test_losses_are_those_of_the_reference(drill: Drill) -> None:
    recovery = measured(drill)
    if drill.rows is None:
        assert recovery.lost is None
        assert recovery.unsettled is None
        return
    gone = reference.missing(drill)
    assert recovery.lost == list(gone.values()).count("before")
    assert recovery.lost_after_effect == list(gone.values()).count("after")
    lost = sorted(key for key, fate in gone.items() if fate != "discarded")
    assert list(recovery.lost_examples) == lost[:10]
    assert recovery.rpo_seconds == reference.rpo(drill)
    assert recovery.rpo_is_lower_bound == reference.rpo_is_lower_bound(drill)
    assert recovery.corrupted == reference.count_rows(drill, "corrupted")
    assert recovery.unwritten == reference.count_rows(drill, "unwritten")
    assert recovery.refused_present == reference.count_rows(drill, "refused")
    assert recovery.unknown_present == reference.count_rows(drill, "unknown")
    assert recovery.duplicated == reference.duplicated(drill)
    assert recovery.unsettled == reference.unsettled(drill)


@EXAMPLES
@given(drills)
def test_what_going_back_cost_is_that_of_the_reference(drill: Drill) -> None:
    recovery = measured(drill)
    if drill.back is None or drill.rows is None:
        assert recovery.discarded is recovery.beyond is None
        assert recovery.discarded_seconds == 0
        return
    fates = list(reference.missing(drill).values())
    beyond = reference.beyond(drill)
    event(f"discarded {min(fates.count('discarded'), 2)}, beyond {min(len(beyond), 2)}")
    assert recovery.discarded == fates.count("discarded")
    assert recovery.discarded_seconds == reference.discarded_age(drill)
    assert recovery.beyond == len(beyond)
    assert list(recovery.beyond_examples) == beyond[:10]


@EXAMPLES
@given(drills)
def test_counts_and_coverage_are_those_of_the_reference(drill: Drill) -> None:
    recovery = measured(drill)
    started = min(fault.started for fault in drill.faults)
    told = [attempt.told for attempt in drill.attempts]
    assert recovery.attempts == len(told)
    assert recovery.acknowledged == told.count("YES")
    assert recovery.refused == told.count("NO")
    assert recovery.unknown == told.count("UNKNOWN") + told.count("PENDING")
    assert recovery.attempts_before_fault == len(reference.before_fault(drill))
    assert recovery.failed_before_fault == len(reference.failed_before_fault(drill))
    assert recovery.attempts_after_fault == len(reference.after_fault(drill))
    assert recovery.covered_until == reference.covered_until(drill)
    assert recovery.p95_seconds == reference.p95(drill)
    if started <= drill.stopped:
        gap = reference.widest_gap(drill, started, drill.stopped)
        assert recovery.widest_gap_seconds == gap
    assert recovery.damaged == 0


@EXAMPLES
@given(drills)
def test_reads_are_those_of_the_reference(drill: Drill) -> None:
    service = measured(drill).service
    assert service is not None
    for kind, count in (
        ("stale", service.stale_reads),
        ("unordered", service.unordered_reads),
        ("wrong", service.wrong_reads),
    ):
        event(f"{kind} reads {min(count, 2)}")
        assert count == reference_of_reads.count_reads(drill, kind)
    contradicted = reference_of_reads.keys_of_reads(drill, "stale", "unordered")
    assert list(service.stale_examples) == contradicted[:10]
    wrong = reference_of_reads.keys_of_reads(drill, "wrong")
    assert list(service.wrong_examples) == wrong[:10]


@EXAMPLES
@given(drills)
def test_what_customers_got_is_that_of_the_reference(drill: Drill) -> None:
    service = measured(drill).service
    assert service is not None
    reads = reference_of_reads.reading(drill)
    seen = reference.outages(reads)
    assert service.availability == reference_of_reads.share(drill, drill.attempts)
    assert service.read_availability == reference_of_reads.share(drill, reads.attempts)
    assert service.reads == len(drill.reads)
    assert service.reads_answered == sum(map(reference_of_reads.is_answered, drill.reads))
    states = [read.seen in reference_of_reads.STAGES for read in drill.reads]
    assert service.reads_shown == sum(states)
    assert service.reads_shown_since_fault == reference_of_reads.shown_since_fault(drill)
    assert service.read_outage_seconds == max((one.seconds for one in seen), default=0.0)
    assert service.read_outage_is_lower_bound == any(one.restored is None for one in seen)
    assert service.reads_settled == reference.settled(reads)
    started = min(fault.started for fault in drill.faults)
    if started <= drill.stopped:
        gap = reference.widest_gap(reads, started, drill.stopped)
        assert service.widest_read_gap_seconds == gap


@EXAMPLES
@given(drills, demands)
def test_the_verdict_is_that_of_the_reference(drill: Drill, demand: Demand) -> None:
    verdict = judged(drill, demand)
    event(verdict.outcome.value)
    assert verdict.outcome.value == reference_verdict.verdict(drill, demand), verdict.reasons
    assert (verdict.outcome == "MET") == (not verdict.reasons)
