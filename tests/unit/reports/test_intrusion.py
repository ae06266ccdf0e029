"""Belief: an intruder counts as out only where its own attempts say so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.breach_summary import breach_notes
from reports.intruder_log import Deed, IntruderLog, Result, ShutOut
from reports.verdict import Outcome
from tests.unit.reports.change_drills import WHOLE_BREACH, BreachCase, tries

MET, MISSED, INCONCLUSIVE = Outcome.MET, Outcome.MISSED, Outcome.INCONCLUSIVE


@pytest.fixture
def case() -> BreachCase:
    return BreachCase()


def test_the_whole_one_is_met_and_counted(case: BreachCase) -> None:
    verdict = case.judge()
    assert (verdict.outcome, verdict.reasons) == (MET, ())
    seen = case.measure()
    (use,) = seen.uses
    assert (seen.attempts, use.got_in, use.refused, use.unknown) == (29, 8, 20, 1)
    assert (seen.first_in_at, seen.last_in_at, seen.shut_out_at) == (12.0, 19.0, 20.0)
    assert (seen.detect_seconds, seen.shut_out_seconds) == (2.0, 8.0)
    assert [(one.signal, one.at) for one in seen.signals] == [
        ("a login from no instance", 14.0),
        ("an order that nobody gave", 16.0),
    ]
    assert (seen.in_after, seen.deeds_after, use.refused_after) == (0, (), 20)


def test_a_late_signal_and_a_late_end_are_missed(case: BreachCase) -> None:
    case.asked = replace(case.asked, detect_seconds=1.5, shut_out_seconds=7.0)
    verdict = case.judge()
    assert verdict.outcome is MISSED
    assert verdict.reasons == (
        "detection missed: it took 2 s from the intruder's first success (objective 1.5 s)",
        "shutting out missed: it took 8 s from the intruder's first success (objective 7 s)",
    )
    case.asked = replace(case.asked, detect_seconds=2.0, shut_out_seconds=8.0)
    assert case.judge().outcome is MET


def test_an_intruder_that_nobody_noticed_is_missed_once_that_is_certain(
    case: BreachCase,
) -> None:
    case.change(detections=(), shut_outs=())
    verdict = case.judge()
    assert verdict.outcome is MISSED
    assert verdict.reasons == (
        "detection missed: nobody noticed the intruder for at least 27 s (objective 5 s)",
        (
            "shutting out missed: nobody said that the intruder is out for at least 27 s"
            " (objective 10 s)"
        ),
    )
    case.asked = replace(case.asked, detect_seconds=30.0, shut_out_seconds=30.0)
    verdict = case.judge()
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.reasons == (
        "nobody noticed the intruder in the 27 s before the intruder's log ended",
        "nobody said that the intruder is out in the 27 s before the intruder's log ended",
    )


def test_a_session_that_lives_on_is_missed_and_named(case: BreachCase) -> None:
    attempts = WHOLE_BREACH.attempts
    case.change(
        attempts=(
            *attempts,
            tries(20.0, Result.IN, what=Deed.SESSION),
            tries(23.5, Result.IN, what=Deed.READ),
        )
    )
    verdict = case.judge()
    assert verdict.outcome is MISSED
    assert verdict.reasons == (
        (
            "the intruder is not out: 2 attempts (read, session) succeeded after it was said to"
            " be, the last 3.5 s later"
        ),
    )


def test_too_few_refusals_prove_nothing_for_any_credential_that_had_worked(
    case: BreachCase,
) -> None:
    case.change(attempts=WHOLE_BREACH.attempts[:11])
    verdict = case.judge()
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.reasons == (
        (
            "whether intruder-inside is out with orders_a is not known: refused after it was"
            " said to be, 2 attempts, and it takes 3"
        ),
    )
    case.change(attempts=WHOLE_BREACH.attempts[:12])
    assert case.judge().outcome is MET
    other = tries(13.0, Result.IN, credential="a customer's token")
    never = tries(13.0, Result.OUT, credential="guessed")
    case.change(attempts=(*WHOLE_BREACH.attempts, never, other))
    assert case.judge().reasons == (
        (
            "whether intruder-inside is out with a customer's token is not known: refused after"
            " it was said to be, 0 attempts, and it takes 3"
        ),
    )


def test_an_intruder_that_never_got_in_proves_nothing(case: BreachCase) -> None:
    case.change(attempts=(tries(11.0, Result.UNKNOWN), tries(12.0, Result.OUT)))
    verdict = case.judge()
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.reasons == (
        "the breach did not bite: the intruder never got in (2 attempts)",
    )
    assert breach_notes(case.measure()) == [
        (
            "the intruder never got in (2 attempts); noticed 3 s after its first attempt (a"
            " login from no instance)"
        )
    ]
    case.change(detections=())
    assert breach_notes(case.measure())[0].endswith("; noticed by nobody")


def test_no_log_is_inconclusive(case: BreachCase) -> None:
    case.log = None
    assert case.judge().reasons == (
        "there is no intruder's log: nobody knows what the intruder did",
    )
    case.log = IntruderLog()
    assert case.judge().outcome is INCONCLUSIVE


def test_who_was_noticed_before_it_got_in_was_noticed_at_once(case: BreachCase) -> None:
    case.change(attempts=WHOLE_BREACH.attempts[7:])
    assert case.measure().detect_seconds == 0


def test_the_first_claim_is_the_one_that_counts(case: BreachCase) -> None:
    case.change(shut_outs=(ShutOut(at=15.0), ShutOut(at=20.0)))
    verdict = case.judge()
    assert verdict.outcome is MISSED
    assert case.measure().in_after == 5


@pytest.mark.parametrize(
    "asked",
    [{"detect_seconds": -1.0}, {"shut_out_seconds": float("nan")}, {"refused_after": -1}],
)
def test_objectives_that_make_no_sense_prove_nothing(
    case: BreachCase, asked: dict[str, float]
) -> None:
    case.asked = replace(case.asked, **asked)  # type: ignore[arg-type]
    assert case.judge().outcome is INCONCLUSIVE
