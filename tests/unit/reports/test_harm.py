"""Belief: what a change did to customers is counted, and falls where the objectives say so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.changes_log import ChangeKind, ChangesLog, Step
from reports.ledger import Outcome as Told
from reports.ledger import Seen
from reports.verdict import Outcome
from tests.unit.reports.change_drills import EVENTS, ChangeCase, delay, says
from tests.unit.reports.drills import fail, reads_of_own, steady_ledger

if TYPE_CHECKING:
    from reports.changes_log import ChangeEvent

MET, MISSED, INCONCLUSIVE = Outcome.MET, Outcome.MISSED, Outcome.INCONCLUSIVE


@pytest.fixture
def case() -> ChangeCase:
    return ChangeCase()


def test_the_whole_one_is_met_and_counted(case: ChangeCase) -> None:
    verdict = case.judge()
    assert (verdict.outcome, verdict.reasons) == (MET, ())
    harm = case.measure()
    (one,) = harm.changes
    # Orders every quarter of a second from 10 s to 18 s, a second after the rollback.
    assert (one.requests, one.harmed, one.failed, one.harmed_share) == (33, 3, 2, 3 / 33)
    assert (one.first_harmed_at, one.last_harmed_at, one.harm_seconds) == (13.0, 15.0, 2.0)
    assert (one.proposed_at, one.began_at, one.promoted_at) == (9.0, 10.0, None)
    assert (one.ended, one.ended_at, one.by) == (Step.ROLLED_BACK, 17.0, "itself")
    assert (one.deployed, one.harmed_after, one.last_harmed_after_at) == (True, 0, None)
    assert one.requests_after == 240 - 4 * 18 - 1
    assert (harm.requests_before, harm.harmed_before) == (40, 0)


@pytest.mark.parametrize(
    ("asked", "missed"),
    [
        (
            {"harmed": 0.09},
            "harm missed: the release errs-1 harmed 3 of 33 requests, 9.09 % (objective 9 %)",
        ),
        (
            {"harm_seconds": 1.5},
            (
                "duration of harm missed: the release errs-1 harmed customers for 2 s, from the"
                " first harmed request to the last (objective 1.5 s)"
            ),
        ),
        (
            {"rollback_seconds": 3.5},
            (
                "rollback missed: the release errs-1 was rolled back 4 s after its first harmed"
                " request (objective 3.5 s)"
            ),
        ),
        (
            {"rollback_from_start_seconds": 6.0},
            (
                "rollback missed: the release errs-1 was rolled back 7 s after its start"
                " (objective 6 s)"
            ),
        ),
        (
            {"failed": 0.06},
            (
                "failures missed: the release errs-1 failed 2 of 33 requests, 6.06 % (objective"
                " 6 %)"
            ),
        ),
        (
            {"by": "people"},
            (
                "ended by others: the release errs-1 was rolled back by itself (objective by"
                " people)"
            ),
        ),
        (
            {"ends": "promoted"},
            "ended otherwise: the release errs-1 was rolled back (objective promoted)",
        ),
    ],
)
def test_each_bound_falls_by_itself(
    case: ChangeCase, asked: dict[str, object], missed: str
) -> None:
    case.asked = replace(case.asked, **asked)  # type: ignore[arg-type]
    verdict = case.judge()
    assert (verdict.outcome, verdict.reasons) == (MISSED, (missed,))


def test_what_is_exactly_as_long_as_allowed_is_met(case: ChangeCase) -> None:
    case.asked = replace(
        case.asked, harmed=3 / 33, failed=2 / 33, harm_seconds=2.0, rollback_seconds=4.0,
        rollback_from_start_seconds=7.0,
    )  # fmt: skip
    assert case.judge().outcome is MET


def test_harm_after_the_rollback_is_missed_and_named(case: ChangeCase) -> None:
    case.asked = replace(case.asked, harmed=0.2, failed=None, harm_seconds=None)
    fail(case.ledger, 18.0, 18.25)  # within the grace: an answer that was on its way
    assert case.judge().outcome is MET
    fail(case.ledger, 20.0, 20.25)
    delay(case.ledger, 25.0, 0.625)
    verdict = case.judge()
    assert verdict.outcome is MISSED
    assert verdict.reasons == (
        (
            "harm after the rollback: 1 of 167 requests failed though they began more than 1 s"
            " after the release errs-1 was rolled back, the last that was harmed 8 s after it"
            " (objective 0)"
        ),
    )
    case.asked = replace(case.asked, harmed_after=1)
    assert case.judge().outcome is MET
    delay(case.ledger, 26.0, 0.625)
    verdict = case.judge()
    assert verdict.outcome is MISSED
    assert verdict.reasons == (
        (
            "harm after the rollback: 2 of 167 requests took longer than 0.5 s though they"
            " began more than 1 s after the release errs-1 was rolled back, the last that was"
            " harmed 9 s after it (objective 1)"
        ),
    )
    case.asked = replace(case.asked, slow_after=None)  # a busy host lets requests wait, too
    assert case.judge().outcome is MET


def test_a_bad_release_that_is_promoted_is_missed(case: ChangeCase) -> None:
    case.say(*EVENTS[:4], says(16.5, Step.PROMOTED, 1.0))
    verdict = case.judge()
    assert verdict.outcome is MISSED
    assert verdict.reasons == (
        "ended otherwise: the release errs-1 was promoted (objective rolled back)",
    )


def test_a_rollback_that_came_after_the_promotion_counts(case: ChangeCase) -> None:
    case.say(says(10.0, Step.PROMOTED, 1.0), *EVENTS[4:])
    assert case.judge().outcome is MET
    case.say(*EVENTS, says(40.0, Step.STARTED, 0.1))
    (one,) = case.measure().changes
    assert (one.ended, one.ended_at) == (None, None)


def test_a_change_that_is_not_seen_to_end(case: ChangeCase) -> None:
    case.say(*EVENTS[:4], asked_at=None)
    case.asked = replace(case.asked, harmed=1.0, failed=1.0)
    verdict = case.judge()
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.reasons == (
        "the changes log ends before the release errs-1 did: how that ended is not known",
    )
    case.say(*EVENTS[:4])  # somebody looked until the end: it is certain that it took too long
    verdict = case.judge()
    assert verdict.outcome is MISSED
    assert verdict.reasons[:2] == (
        (
            "rollback missed: the release errs-1 was not rolled back for at least 47 s after"
            " its first harmed request (objective 5 s)"
        ),
        (
            "rollback missed: the release errs-1 was not rolled back for at least 50 s after"
            " its start (objective 10 s)"
        ),
    )


def test_a_log_that_is_missing_empty_or_ends_early_is_inconclusive(case: ChangeCase) -> None:
    case.log = ChangesLog()
    assert case.judge().reasons == (
        "the changes log tells of no change that began while customers were watched",
    )
    case.asked = replace(case.asked, kind="migration")
    case.say(*EVENTS)
    assert case.judge().reasons == (
        "the changes log tells of no migration that began while customers were watched",
    )
    case.asked = replace(case.asked, kind="release")
    case.say(*EVENTS, asked_at=57.5)
    assert case.judge().reasons == ("the changes log ends 2.5 s before the watch did",)
    case.log = None
    verdict = case.judge()
    assert (verdict.outcome, verdict.reasons) == (
        INCONCLUSIVE, ("there is no changes log: nobody knows how the change ended",),
    )  # fmt: skip


def test_no_traffic_or_no_bite_is_inconclusive_whatever_else(case: ChangeCase) -> None:
    case.asked = replace(case.asked, bites=4, ends="promoted")
    verdict = case.judge()
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.reasons[0] == (
        "the release errs-1 did not bite: it harmed 3 requests of the 4 that a bad one harms at"
        " the least"
    )
    case.ledger = steady_ledger(until=9.75)
    verdict = case.judge()
    assert verdict.outcome is INCONCLUSIVE
    assert "no traffic: nobody asked for anything while the release errs-1 went on" in (
        verdict.reasons
    )


def test_nobody_after_the_rollback_is_inconclusive(case: ChangeCase) -> None:
    case.say(*EVENTS[:5], says(59.5, Step.ROLLED_BACK))
    case.asked = replace(case.asked, rollback_seconds=None, rollback_from_start_seconds=None)
    verdict = case.judge()
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.reasons == (
        (
            "nobody asked for anything after the release errs-1 was rolled back: whether it"
            " harmed customers still is not known"
        ),
    )


def test_reads_and_what_never_ended_and_wrong_answers_are_harm(case: ChangeCase) -> None:
    reads = reads_of_own(steady_ledger())
    at = reads["began"] == 14.0
    reads["outcome"][at], reads["seen"][at] = Told.YES, Seen.WRONG
    pending = reads["began"] == 14.25
    reads["outcome"][pending], reads["seen"][pending] = Told.PENDING, Seen.UNKNOWN
    reads["ended"][pending] = float("nan")
    case.ledger = np.concatenate((case.ledger, reads))
    (one,) = case.measure().changes
    assert (one.requests, one.harmed) == (66, 5)


def test_what_was_in_flight_as_it_began_belongs_to_it(case: ChangeCase) -> None:
    delay(case.ledger, 9.5, 0.75)
    delay(case.ledger, 9.0, 0.75)
    harm = case.measure()
    (one,) = harm.changes
    assert (one.harmed, one.first_harmed_at) == (4, 10.0)
    assert harm.harmed_before == 1


def test_a_change_owns_its_customers_until_the_next_of_its_kind(case: ChangeCase) -> None:
    fail(case.ledger, 40.0, 41.0)
    again = [replace(one, change="errs-2", at=one.at + 25) for one in EVENTS]
    flag = says(20.0, Step.STARTED, kind=ChangeKind.FLAG, change="pay")
    case.say(*EVENTS, *again, flag)
    first, other, second = case.measure().changes
    assert (first.change, first.harmed_after) == ("errs-1", 0)
    assert (second.change, second.harmed, second.harmed_after) == ("errs-2", 4, 0)
    assert (other.name, other.harmed) == ("the flag pay", 4)
    case.asked = replace(case.asked, kind="release", harmed=0.2, failed=None)
    assert case.judge().outcome is MET  # the flag was not seen to end, and is not asked about
    case.asked = replace(case.asked, kind=None)
    assert {"rollback missed", "the changes log ends before the flag pay did"} <= {
        reason.partition(":")[0] for reason in case.judge().reasons
    }


def test_changes_outside_the_watch_are_not_of_this_drill(case: ChangeCase) -> None:
    early = [replace(one, change="old", at=one.at - 20) for one in EVENTS]
    late = replace(EVENTS[1], change="late", at=60.5)
    case.say(*early, *EVENTS, late)
    assert [one.change for one in case.measure().changes] == ["errs-1"]


@pytest.mark.parametrize(
    ("events", "deployed"),
    [
        ((says(10.0, Step.PROPOSED), says(10.5, Step.REFUSED)), False),
        ((says(10.0, Step.STARTED, 0.0), says(11.0, Step.ROLLED_BACK, 0.0)), False),
        ((says(10.0, Step.STARTED, 0.0), says(11.0, Step.STAGE, 0.1)), True),
        ((says(10.0, Step.STARTED),), True),
        ((says(10.0, Step.PROPOSED), says(11.0, Step.PROMOTED, 0.0)), True),
    ],
)
def test_what_customers_met_is_deployed(
    case: ChangeCase, events: tuple[ChangeEvent, ...], *, deployed: bool
) -> None:
    case.say(*events)
    assert case.measure().changes[0].deployed is deployed


def test_a_change_needs_no_fault_beside_it_and_nothing_else_is_excused(
    case: ChangeCase,
) -> None:
    case.injections = ()
    assert case.judge().outcome is MET
    case.log = ChangesLog()
    assert "no fault was injected" in case.judge().reasons


@pytest.mark.parametrize(
    "asked",
    [
        {"harmed": 1.5}, {"harmed": float("nan")}, {"harm_seconds": -1.0},
        {"rollback_seconds": float("inf")}, {"rollback_from_start_seconds": -1.0},
        {"harmed_after": -1}, {"slow_after": -1}, {"bites": -1}, {"failed": -0.5},
        {"slow_seconds": -1.0},
    ],
)  # fmt: skip
def test_objectives_that_make_no_sense_prove_nothing(
    case: ChangeCase, asked: dict[str, float]
) -> None:
    case.asked = replace(case.asked, **asked)  # type: ignore[arg-type]
    verdict = case.judge()
    assert verdict.outcome is INCONCLUSIVE
    assert "a time or an objective of the drill is not a number that makes sense" in (
        verdict.reasons
    )
