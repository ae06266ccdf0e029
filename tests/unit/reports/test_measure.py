"""Belief: every figure is what the design's words make of a history a person can check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.ledger import FINAL_READ, Operation
from reports.ledger import Outcome as Told
from reports.recovery import measure
from tests.unit.reports.drills import (
    FAULT_AT,
    WATCH,
    WHOLE,
    Case,
    fail,
    outage_until,
    rows_of,
    steady_ledger,
)

SECOND = replace(WHOLE, fault="Kill(east-db-2)", started_at=30.0, took_effect_at=30.0)


def spans(case: Case) -> list[tuple[float, float | None]]:
    return [(one.began_at, one.restored_at) for one in case.measure().outages]


def test_an_outage_runs_from_the_faults_start_to_the_answer_of_the_first_good_write() -> None:
    recovery = outage_until(22.0).measure()
    assert spans(outage_until(22.0)) == [(10.0, 22.125)]
    assert recovery.rto_seconds == 12.125
    assert recovery.outages[0].failed_attempts == 48
    assert recovery.outages[0].resolution_seconds == 0.25
    assert recovery.settled
    assert not recovery.rto_is_lower_bound


def test_it_runs_from_the_fault_though_the_first_writes_after_it_still_succeed() -> None:
    case = Case()
    fail(case.ledger, 14.75, 22.0)
    assert spans(case) == [(10.0, 22.125)]


@pytest.mark.parametrize(("since", "start"), [(15.0, 10.0), (15.25, 15.25), (30.0, 30.0)])
def test_an_outage_that_begins_late_is_one_of_its_own(since: float, start: float) -> None:
    """The settled while after the first write is 5 s, both of its ends included."""
    case = Case()
    fail(case.ledger, since, 33.0)
    assert spans(case) == [(start, 33.125)]


def test_writes_in_flight_at_the_fault_belong_to_its_outage() -> None:
    case = Case()
    case.ledger["ended"][39] = 12.0  # begun at 9.75
    case.ledger["outcome"][39] = Told.UNKNOWN
    assert spans(case) == [(10.0, 10.375)]
    assert case.measure().failed_before_fault == 0


def test_a_write_that_was_never_answered_is_in_flight_at_the_fault() -> None:
    case = Case()
    fail(case.ledger, 9.75, 10.0, Told.PENDING)
    assert spans(case) == [(10.0, 10.375)]


def test_failures_wholly_before_the_fault_are_counted_apart() -> None:
    case = Case()
    fail(case.ledger, 5.0, 6.0)
    assert spans(case) == []
    assert case.measure().failed_before_fault == 4


def test_failures_before_the_load_was_steady_are_not_held_against_the_service() -> None:
    case = Case(watch=replace(WATCH, started_at=6.0))
    fail(case.ledger, 5.0, 6.0)
    recovery = case.measure()
    assert (recovery.failed_before_fault, recovery.attempts_before_fault) == (0, 16)


def test_failures_a_settled_while_apart_are_outages_of_their_own_and_the_longest_counts() -> (
    None
):
    case = outage_until(12.0)
    fail(case.ledger, 20.0, 25.0)
    assert spans(case) == [(10.0, 12.125), (20.0, 25.125)]
    assert case.measure().rto_seconds == 5.125


@pytest.mark.parametrize(("stumble", "outages"), [(17.0, 1), (17.25, 2)])
def test_failures_closer_than_a_settled_while_are_one_outage(
    stumble: float, outages: int
) -> None:
    case = outage_until(12.0)
    fail(case.ledger, stumble, stumble + 0.25)
    assert len(spans(case)) == outages


def test_the_outage_of_a_second_fault_runs_from_that_one() -> None:
    case = outage_until(12.0)
    case.injections = (SECOND, WHOLE)
    fail(case.ledger, 31.0, 33.0)
    assert spans(case) == [(10.0, 12.125), (30.0, 33.125)]


def test_a_write_in_flight_at_a_second_fault_failed_as_it_began() -> None:
    case = Case(injections=(WHOLE, SECOND))
    fail(case.ledger, 29.75, 30.0, Told.PENDING)
    assert spans(case) == [(29.75, 30.125)]


def test_a_second_fault_does_not_move_the_start_of_an_outage_that_never_ended() -> None:
    case = Case(injections=(WHOLE, SECOND))
    fail(case.ledger, 20.0, 30.5, Told.PENDING)
    assert spans(case) == [(20.0, 30.625)]


def test_an_outage_over_before_a_second_fault_does_not_wait_for_that_one() -> None:
    case = Case(injections=(WHOLE, SECOND))
    fail(case.ledger, 20.0, 20.25, Told.PENDING)
    assert spans(case) == [(20.0, 20.375)]


def test_of_good_writes_that_began_together_the_first_answer_counts() -> None:
    case = outage_until(22.0)
    slower = case.ledger[[88]].copy()  # begun at 22.0
    slower["key"], slower["ended"] = 1_000, 25.0
    case.ledger = np.concatenate((slower, case.ledger))
    assert spans(case) == [(10.0, 22.125)]


def test_an_outage_already_under_way_at_a_second_fault_keeps_its_start() -> None:
    case = Case(injections=(WHOLE, SECOND))
    fail(case.ledger, 28.0, 33.0)
    assert spans(case) == [(28.0, 33.125)]


def test_never_restored_is_a_lower_bound_until_the_watch_ended() -> None:
    recovery = outage_until(60.0).measure()
    assert recovery.outages[0].restored_at is None
    assert (recovery.rto_seconds, recovery.rto_is_lower_bound) == (50.0, True)
    assert not recovery.settled


def test_a_settled_while_that_the_watch_cuts_short_claims_no_more_than_it_saw() -> None:
    recovery = outage_until(57.0).measure()
    assert (recovery.rto_seconds, recovery.rto_is_lower_bound) == (47.125, True)


@pytest.mark.parametrize(("ended", "restored"), [(55.0, True), (55.25, False)])
def test_a_settled_while_must_lie_within_the_watch(ended: float, *, restored: bool) -> None:
    assert outage_until(ended).measure().settled is restored


def test_a_lower_bound_reaches_no_further_than_a_ledger_that_ends_early() -> None:
    case = outage_until(60.0)
    case.ledger = case.ledger[case.ledger["began"] < 20.0]
    assert case.measure().rto_seconds == 9.75
    assert case.measure().covered_until == 19.75


def test_a_watch_too_short_for_a_settled_while_is_not_settled_though_nothing_failed() -> None:
    assert not Case(watch=replace(WATCH, ended_at=14.0)).measure().settled


def test_the_resolution_is_the_widest_gap_around_the_outage() -> None:
    case = outage_until(22.0)
    began = case.ledger["began"]
    case.ledger = case.ledger[~((began > 20.0) & (began < 23.0))]
    assert case.measure().resolution_seconds == 3.0
    assert case.measure().widest_gap_seconds == 3.0


def test_without_an_outage_the_resolution_is_the_widest_gap_after_the_fault() -> None:
    case = Case()
    began = case.ledger["began"]
    case.ledger = case.ledger[~((began > 40.0) & (began < 42.0))]
    recovery = case.measure()
    assert (recovery.rto_seconds, recovery.resolution_seconds) == (0.0, 2.0)
    assert recovery.attempt_gap_median_seconds == 0.25


def test_failing_reads_change_nothing_about_writes() -> None:
    case = Case()
    reads = steady_ledger()
    reads["operation"], reads["outcome"] = Operation.READ, Told.UNKNOWN
    expected = case.measure()
    case.rows, case.ledger = rows_of(case.ledger), np.concatenate((case.ledger, reads))
    measured = case.measure()
    assert replace(measured, service=None) == replace(expected, service=None)
    assert measured.service is not None
    assert (measured.service.reads, measured.service.reads_answered) == (240, 0)


def test_the_95th_percentile_counts_what_was_never_answered_until_the_watch_ended() -> None:
    case = Case()  # 200 attempts begin at the fault or later: the 190th counts
    fail(case.ledger, 10.0, 12.5)
    assert case.measure().p95_seconds == 0.125
    fail(case.ledger, 10.0, 12.75, Told.PENDING)  # 11 of them
    assert case.measure().p95_seconds == 47.5


def lose(case: Case, *keys: int) -> None:
    rows = rows_of(case.ledger)
    case.rows = rows[~np.isin(rows["key"], keys)]


def test_rpo_is_the_age_at_the_fault_of_the_oldest_lost_write() -> None:
    case = Case()
    lose(case, 20, 30)
    recovery = case.measure()
    assert (recovery.lost, recovery.lost_after_effect) == (2, 0)
    assert recovery.lost_examples == (20, 30)
    assert recovery.rpo_seconds == FAULT_AT - 5.125


def test_acknowledged_between_start_and_effect_is_lost_at_the_age_of_nothing() -> None:
    case = Case()
    lose(case, 41)  # answered at 10.375
    assert (case.measure().lost, case.measure().rpo_seconds) == (1, 0.0)


def test_acknowledged_as_or_after_the_fault_took_effect_is_a_split_brain() -> None:
    case = Case(injections=(replace(WHOLE, took_effect_at=10.375),))
    lose(case, 41)
    assert (case.measure().lost, case.measure().lost_after_effect) == (0, 1)


def test_a_key_that_was_acknowledged_again_after_the_effect_is_a_split_brain() -> None:
    case = Case()
    again = case.ledger[[20]].copy()
    again["began"], again["ended"] = 30.0, 30.125
    case.ledger = np.concatenate((case.ledger, again))
    lose(case, 20)
    recovery = case.measure()
    assert (recovery.lost, recovery.lost_after_effect) == (0, 1)
    assert recovery.rpo_seconds == FAULT_AT - 5.125


def row(key: int, value: int, settled: int = 1) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    return np.array([(key, value, settled)], FINAL_READ)


@pytest.mark.parametrize(
    ("extra", "figure"),
    [
        (row(20, 999), "corrupted"),
        (row(7_777, 1), "unwritten"),
        (row(21, 21), "duplicated"),
        (row(60, 60), "refused_present"),
        (row(61, 61), "unknown_present"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rows_that_should_not_be_there_are_told_apart(
    extra: np.ndarray[tuple[int], np.dtype[np.void]], figure: str
) -> None:
    case = Case()
    fail(case.ledger, 15.0, 15.25, Told.NO)
    fail(case.ledger, 15.25, 15.5, Told.UNKNOWN)
    lose(case, 20)
    assert case.rows is not None
    case.rows = np.concatenate((case.rows, extra))
    recovery = case.measure()
    figures = ("corrupted", "unwritten", "duplicated", "refused_present", "unknown_present")
    assert {name for name in figures if getattr(recovery, name)} == {figure}
    assert getattr(recovery, figure) == 1


def test_a_write_that_was_refused_and_then_taken_is_an_acknowledged_one() -> None:
    case = Case()
    fail(case.ledger, 15.0, 15.25, Told.NO)
    again = case.ledger[[60]].copy()
    again["began"], again["ended"], again["outcome"] = 16.0, 16.125, Told.YES
    case.ledger = np.concatenate((case.ledger, again))
    assert (case.measure().refused_present, case.measure().lost) == (0, 0)
    lose(case, 60)
    assert case.measure().lost_after_effect == 1


def test_an_acknowledged_value_that_gave_way_to_another_one_is_corrupted() -> None:
    case = Case()
    other = case.ledger[[60]].copy()
    other["began"], other["outcome"], other["value"] = 16.0, Told.UNKNOWN, 999
    other["ended"] = 16.125
    case.ledger = np.concatenate((case.ledger, other))
    assert case.measure().corrupted == 0
    case.rows = rows_of(case.ledger)
    case.rows["value"][60] = 999
    recovery = case.measure()
    assert (recovery.corrupted, recovery.unknown_present) == (1, 0)


def test_a_write_among_several_under_its_key_is_told_by_all_its_attempts() -> None:
    case = Case()
    others = case.ledger[[60, 60, 60]].copy()
    others["began"], others["ended"] = (16.0, 16.25, 16.5), (16.125, 16.375, 16.625)
    others["outcome"], others["value"] = (Told.UNKNOWN, Told.NO, Told.UNKNOWN), (999, 999, 1)
    case.ledger = np.concatenate((case.ledger, others))
    fail(case.ledger, 15.0, 15.25)
    case.rows = np.concatenate((rows_of(case.ledger), row(60, 999)))
    recovery = case.measure()
    assert (recovery.unknown_present, recovery.refused_present) == (1, 0)


def test_acknowledged_orders_that_are_still_pending_are_counted() -> None:
    case = Case()
    case.rows = rows_of(case.ledger)
    case.rows["settled"][:3] = 0
    assert case.measure().unsettled == 3


def test_without_a_final_read_nothing_is_said_of_losses() -> None:
    recovery = Case(no_final_read=True).measure()
    assert recovery.lost is recovery.lost_after_effect is recovery.corrupted is None
    assert recovery.unsettled is recovery.duplicated is recovery.refused_present is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("began", np.nan),
        ("ended", np.nan),
        ("ended", -1.0),
        ("ended", np.inf),
        ("outcome", 0),
        ("outcome", 5),
        ("operation", 0),
        ("outcome", Told.PENDING),
    ],
)
def test_records_that_make_no_sense_are_counted_and_left_out(field: str, value: float) -> None:
    case = Case()
    case.ledger[field][100] = value
    case.rows = rows_of(steady_ledger())
    recovery = case.measure()
    assert (recovery.damaged, recovery.attempts, recovery.unwritten) == (1, 239, 1)


def test_an_empty_ledger_can_be_measured() -> None:
    recovery = Case(ledger=steady_ledger()[:0]).measure()
    assert (recovery.attempts, recovery.rto_seconds, recovery.lost) == (0, 0.0, 0)
    assert recovery.covered_until == WATCH.started_at
    assert recovery.p95_seconds is recovery.attempt_gap_median_seconds is None


def test_no_settled_while_is_refused() -> None:
    ledger = steady_ledger()
    with pytest.raises(ValueError, match="greater than 0, not 0"):
        measure(ledger, None, injections=(WHOLE,), watch=WATCH, settle_seconds=0)
