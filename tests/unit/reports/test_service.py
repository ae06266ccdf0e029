"""Belief: what customers got over the whole drill is told, and judged where that was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.ledger import Outcome as Told
from reports.ledger import Seen
from reports.summary import notes
from reports.verdict import Outcome
from tests.unit.reports.drills import (
    OBJECTIVES,
    Case,
    fail,
    reads_of_own,
    rows_of,
    steady_ledger,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.verdict import Service


def case_with(reads: NDArray[np.void], **objectives: float | None) -> Case:
    """Make a drill in which all writes are well and these are the reads."""
    writes = steady_ledger()
    case = Case(np.concatenate((writes, reads)), rows=rows_of(writes))
    case.objectives = replace(OBJECTIVES, **objectives)  # type: ignore[arg-type]
    return case


def service_of(case: Case) -> Service:
    service = case.measure().service
    assert service is not None
    return service


@pytest.fixture
def reads() -> NDArray[np.void]:
    return reads_of_own(steady_ledger())


def test_all_is_well(reads: NDArray[np.void]) -> None:
    case = case_with(
        reads, stale_reads=0, availability=1, read_availability=1, read_outage_seconds=0.5
    )
    assert case.judge().reasons == ()
    service = service_of(case)
    assert (service.availability, service.read_availability) == (1.0, 1.0)
    assert (service.reads, service.reads_answered) == (240, 240)
    assert (service.read_outage_seconds, service.reads_settled) == (0.0, True)
    assert service.widest_read_gap_seconds == 0.25


def test_availability_is_of_the_whole_watch_and_cut_off_rather_than_rounded() -> None:
    case = Case()
    fail(case.ledger, 10.0, 22.0, Told.UNKNOWN)
    case.objectives = replace(OBJECTIVES, availability=0.8)
    assert service_of(case).availability == 0.8  # 48 of 240 failed
    assert case.judge().outcome is Outcome.MET
    fail(case.ledger, 22.0, 22.25, Told.UNKNOWN)
    (reason,) = case.judge().reasons
    assert reason == (
        "availability missed: over the whole drill 79.58 % of the writes were acknowledged"
        " (objective 80 %)"
    )


def test_availability_is_told_apart_from_its_objective() -> None:
    case = Case()
    fail(case.ledger, 10.0, 10.25, Told.UNKNOWN)
    case.objectives = replace(OBJECTIVES, availability=0.995834)
    (reason,) = case.judge().reasons
    assert "99.5833 % of the writes" in reason
    assert "(objective 99.5834 %)" in reason


def test_reads_that_fail_are_an_outage_of_reads_and_of_nothing_else(
    reads: NDArray[np.void],
) -> None:
    fail(reads, 10.0, 16.0, Told.UNKNOWN)
    reads["seen"][reads["outcome"] == Told.UNKNOWN] = Seen.UNKNOWN
    service = service_of(case_with(reads))
    assert service.read_outage_seconds == 6.125  # from the fault to an answer at 16.125
    assert not service.read_outage_is_lower_bound
    assert service.read_availability == 216 / 240
    assert case_with(reads).judge().outcome is Outcome.MET
    missed = case_with(reads, read_outage_seconds=6, read_availability=0.95).judge()
    share, away = missed.reasons
    assert share == (
        "read availability missed: over the whole drill 90 % of the reads were answered"
        " (objective 95 %)"
    )
    assert away == "reads missed: customers could not read for 6.12 s (objective 6 s)"


def test_reads_that_never_come_back_are_at_least_so_long(reads: NDArray[np.void]) -> None:
    fail(reads, 58.0, 61.0, Told.UNKNOWN)
    reads["seen"][reads["outcome"] == Told.UNKNOWN] = Seen.UNKNOWN
    verdict = case_with(reads, read_outage_seconds=1.5).judge()
    assert verdict.outcome is Outcome.MISSED
    assert verdict.reasons[0] == (
        "reads missed: customers could not read for at least 2 s (objective 1.5 s)"
    )
    doubtful = case_with(reads, read_outage_seconds=3).judge()
    assert doubtful.outcome is Outcome.INCONCLUSIVE
    (reason,) = doubtful.reasons
    assert reason == (
        "reads were not seen to settle within the watch: its end is no 5 s in which every"
        " read was answered (customers could not read for at least 2 s)"
    )


def test_without_reads_only_what_was_demanded_of_them_is_doubtful() -> None:
    assert Case().judge().outcome is Outcome.MET
    nobody = steady_ledger()[:0]
    for objectives, reason in (
        ({"read_availability": 0.9}, "nobody tried to read: how many reads are answered"),
        ({"read_outage_seconds": 2.0}, "nobody tried to read for 50 s after the fault"),
    ):
        verdict = case_with(nobody, **objectives).judge()
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert any(reason in one for one in verdict.reasons)


def test_reads_too_far_apart_hide_an_outage(reads: NDArray[np.void]) -> None:
    sparse = reads[(reads["began"] < 20) | (reads["began"] > 24)]
    assert case_with(sparse, read_outage_seconds=4.5).judge().outcome is Outcome.MET
    verdict = case_with(sparse, read_outage_seconds=3.5).judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (reason,) = verdict.reasons
    assert reason == (
        "nobody tried to read for 4.5 s after the fault: an outage of reads in that while"
        " would not have been seen"
    )


@pytest.mark.parametrize("gone", [Seen.ABSENT, Seen.ANOTHER])
def test_an_order_that_is_gone_is_an_answer_and_a_stale_read(
    reads: NDArray[np.void], gone: Seen
) -> None:
    reads["outcome"][7], reads["seen"][7] = Told.NO, gone
    case = case_with(reads)
    assert service_of(case).read_availability == 1.0
    assert service_of(case).read_outage_seconds == 0.0
    (reason,) = case.judge().reasons
    assert reason == (
        "stale reads: 1 read showed less of an order than the same customer had been told"
        " before: 1 when it was acknowledged (read your writes), 0 by an earlier read"
        " (monotonic reads) (objective 0; for example key 7)"
    )
    assert case_with(reads, stale_reads=1).judge().outcome is Outcome.MET
    assert case_with(reads, stale_reads=None).judge().outcome is Outcome.MET


def test_pending_after_paid_is_unordered_whoever_said_paid(reads: NDArray[np.void]) -> None:
    again = reads_of_own(reads)
    again["seen"][30] = Seen.PENDING
    service = service_of(case_with(np.concatenate((reads, again))))
    assert (service.stale_reads, service.unordered_reads) == (0, 1)
    assert service.stale_examples == (30,)


def test_an_order_may_be_pending_until_somebody_was_told_that_it_is_paid(
    reads: NDArray[np.void],
) -> None:
    reads["seen"][:100] = Seen.PENDING
    assert case_with(np.concatenate((reads, reads_of_own(reads)))).judge().reasons == ()


def test_an_order_that_was_never_acknowledged_may_not_be_there(
    reads: NDArray[np.void],
) -> None:
    case = case_with(reads)
    case.ledger["outcome"][7] = Told.UNKNOWN
    case.ledger["seen"][240 + 7] = Seen.ABSENT
    assert service_of(case).stale_reads == 0


def test_another_customer_may_see_less(reads: NDArray[np.void]) -> None:
    again = reads_of_own(reads)
    again["customer"], again["seen"] = 1, Seen.ABSENT
    assert case_with(np.concatenate((reads, again))).judge().reasons == ()


def test_an_answer_at_the_very_moment_at_which_a_read_begins_is_not_known_yet(
    reads: NDArray[np.void],
) -> None:
    writes = steady_ledger()
    reads["seen"][5] = Seen.ABSENT
    reads["began"][5] = writes["ended"][5]
    assert service_of(case_with(reads)).stale_reads == 0
    reads["began"][5] = np.nextafter(writes["ended"][5], np.inf)
    assert service_of(case_with(reads)).stale_reads == 1


def test_what_is_not_the_order_is_wrong_unless_a_scenario_allows_that(
    reads: NDArray[np.void],
) -> None:
    reads["outcome"][[3, 4]], reads["seen"][[3, 4]] = Told.UNKNOWN, Seen.WRONG
    verdict = case_with(reads, stale_reads=None).judge()
    assert verdict.outcome is Outcome.MISSED
    (reason,) = verdict.reasons
    assert reason == (
        "wrong reads: 2 reads got something that is not the order that was asked for"
        " (objective 0; for example keys 3, 4)"
    )
    assert case_with(reads, stale_reads=None, wrong_reads=2).judge().reasons == ()


def test_a_ledger_from_before_anything_was_seen_contradicts_nothing(
    reads: NDArray[np.void],
) -> None:
    reads["seen"] = Seen.UNKNOWN
    assert case_with(reads, stale_reads=None).judge().outcome is Outcome.MET


def test_reads_that_show_nothing_prove_nothing_where_stale_ones_are_judged(
    reads: NDArray[np.void],
) -> None:
    reads["seen"] = Seen.UNKNOWN
    verdict = case_with(reads).judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (reason,) = verdict.reasons
    assert reason == (
        "none of 240 reads showed how far its order had come: whether any was stale is not"
        " known"
    )
    assert notes(case_with(reads).measure(), ())[0].endswith(
        "not known how many stale, 0 wrong"
    )
    reads["seen"][45] = Seen.PAID
    assert case_with(reads).judge().outcome is Outcome.MET


def test_reads_that_showed_nothing_since_the_fault_say_nothing_of_stale_ones(
    reads: NDArray[np.void],
) -> None:
    since = reads["began"] >= 10.0
    reads["seen"][since] = Seen.UNKNOWN
    case = case_with(reads)
    assert service_of(case).reads_shown == np.count_nonzero(~since)
    assert service_of(case).reads_shown_since_fault == 0
    verdict = case.judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (reason,) = verdict.reasons
    assert reason == (
        "no read that began after the fault showed how far its order had come (240 reads in"
        " all): whether any was stale is not known"
    )
    assert case_with(reads, stale_reads=None).judge().outcome is Outcome.MET
    reads["seen"][reads["began"] == 10.0] = Seen.PAID
    assert case_with(reads).judge().outcome is Outcome.MET


def test_reads_that_nobody_answered_say_nothing_of_stale_ones(reads: NDArray[np.void]) -> None:
    reads["outcome"], reads["seen"] = Told.UNKNOWN, Seen.UNKNOWN
    verdict = case_with(reads).judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (reason,) = verdict.reasons
    assert reason == (
        "none of 240 reads showed how far its order had come: whether any was stale is not"
        " known"
    )


@pytest.mark.parametrize("seen", [len(Seen), 255])
def test_what_nobody_can_have_seen_is_a_damaged_record(
    reads: NDArray[np.void], seen: int
) -> None:
    reads["seen"][3] = seen
    case = case_with(reads)
    assert service_of(case).reads == 239
    assert case.measure().damaged == 1


@pytest.mark.parametrize(
    "objectives",
    [
        {"availability": 1.01},
        {"read_availability": -0.1},
        {"availability": float("nan")},
        {"stale_reads": -1},
        {"wrong_reads": -1},
        {"read_outage_seconds": -1.0},
    ],
)
def test_objectives_that_make_no_sense_prove_nothing(
    reads: NDArray[np.void], objectives: dict[str, float]
) -> None:
    assert case_with(reads, **objectives).judge().outcome is Outcome.INCONCLUSIVE
