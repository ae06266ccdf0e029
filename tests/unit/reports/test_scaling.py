"""Belief: how a stack scaled is judged by what is certain, and each reason has its figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.growths import Way
from reports.ledger import Outcome as Told
from reports.scaling_log import Decision, ScalingLog
from reports.surges import Surge
from reports.verdict import Outcome
from tests.unit.reports.scaling_drills import (
    ASKED,
    SURGE,
    WATCH,
    ScalingCase,
    fail,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.verdict import Verdict

UNSAID = (
    "refusals: 80 requests of the surge failed without a word that they are certainly not done"
)


@pytest.fixture
def case() -> ScalingCase:
    return ScalingCase()


def only_reason(verdict: Verdict, outcome: Outcome) -> str:
    assert (verdict.outcome, len(verdict.reasons)) == (outcome, 1), verdict.reasons
    return verdict.reasons[0]


def asked(case: ScalingCase, **changed: float | None) -> Verdict:
    case.asked = replace(case.asked, **changed)  # type: ignore[arg-type]  # a test names them
    return case.judge()


def chosen(
    ledger: NDArray[np.void], since: float, until: float, count: int
) -> NDArray[np.intp]:
    """Choose so many of the requests begun in [since, until), far apart."""
    begun = np.flatnonzero((ledger["began"] >= since) & (ledger["began"] < until))
    return begun[:: begun.size // count][:count]


def test_a_whole_drill_is_met_without_a_reason(case: ScalingCase) -> None:
    verdict = case.judge()
    assert (verdict.outcome, verdict.reasons) == (Outcome.MET, ())


def test_the_figures_of_a_whole_drill(case: ScalingCase) -> None:
    scaling = case.measure()
    (growth,) = scaling.growths
    assert (growth.crossed_at, growth.decided_at, growth.grown_at) == (21.0, 22.0, 35.0)
    assert (growth.before, growth.after, scaling.scale_out_seconds) == (3, 7, 14.0)
    first, last = growth.first_way, growth.last_way
    assert first is not None
    assert last is not None
    assert (first.instance, first.parts, first.seconds) == ("east-app-4", (1, 0.5, 3.5, 1), 6)
    assert (last.instance, last.parts, last.seconds) == ("east-app-6", (9, 0.5, 3.5, 1), 14)
    assert (scaling.peak_serving, scaling.least_serving, scaling.most_needed) == (7, 3, 7)
    assert (scaling.turns_seconds, scaling.departures, scaling.dropped) == ((60.0,), 4, 0)
    assert (scaling.requests_growing, scaling.requests_grown) == (1344, 4320)
    assert (scaling.errors_growing, scaling.errors_grown) == (0, 0)
    assert scaling.p95_grown_seconds == 0.0625


def test_what_one_instance_carries_is_counted_from_the_ledger(case: ScalingCase) -> None:
    case.say(0.0, 200.0, rate=1e6)  # what the scaler says of it is not believed
    case.say(0.0, 21.0, ratio=0.7)
    case.ledger = case.ledger[case.ledger["began"] < 60.0]
    case.watch = replace(WATCH, started_at=10.0, ended_at=60.0)
    three, five, seven = case.measure().capacities
    assert (three.instances, five.instances, seven.instances) == (3, 5, 7)
    # 20 orders a second on three at 70 % of their target, 80 on seven at 95 % of it.
    assert three.orders_per_second == pytest.approx(20 / 3 / 0.7)
    assert seven.orders_per_second == pytest.approx(80 / 7 / 0.95)
    assert seven.linearity == pytest.approx(80 / 7 / 0.95 / (20 / 3 / 0.7))
    assert three.linearity == 1.0
    # Every quarter of a second, where the two seconds before it were watched.
    assert (three.samples, seven.samples) == (len(range(48, 88)), len(range(148, 241)))

    case.say(0.0, 21.0, ratio=0.69)  # nothing follows from instances with little to do
    assert case.measure().capacities[0].samples == len(range(84, 88))


@pytest.mark.parametrize("seconds", [14.0, 13.75])
def test_a_growth_that_takes_longer_than_its_objective_is_missed(
    case: ScalingCase, seconds: float
) -> None:
    verdict = asked(case, scale_out_seconds=seconds)
    if seconds == 14.0:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.MISSED) == (
        "scale-out missed: to grow from 3 to 7 instances took 14 s (objective 13.7 s)"
    )


def test_a_growth_that_was_not_seen_to_end_is_a_lower_bound(case: ScalingCase) -> None:
    case.say(35.0, 200.0, serving=6)
    case.log = replace(case.log, decisions=case.log.decisions[:2])
    scaling = case.measure()
    assert (scaling.scale_out_seconds, scaling.scale_out_is_lower_bound) == (99.0, True)
    reasons = asked(case, reaches=None).reasons
    assert reasons[0] == (
        "scale-out missed: to grow from 3 to 7 instances took at least 99 s (objective 20 s)"
    )
    verdict = asked(case, scale_out_seconds=99.0, overshoot=9)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons[0] == (
        "the stack was not seen to grow from 3 to 7 instances: it had taken 99 s when the"
        " scaling log ended"
    )


def test_a_stack_that_never_decides_to_grow_is_missed(case: ScalingCase) -> None:
    case.log = replace(case.log, decisions=[], stages=[])
    case.say(0.0, 200.0, wanted=3, serving=3)
    verdict = asked(case, scale_out_seconds=14.5)
    assert verdict.outcome is Outcome.MISSED
    assert verdict.reasons[0] == (
        "scale-out missed: the load was over its threshold for 14.7 s, and nothing was decided"
        " though more instances could have come (objective 14.5 s)"
    )
    # At 14.75 s it is nothing certain, and that it never grew proves nothing.
    verdict = asked(case, scale_out_seconds=14.75)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == (
        "the stack never grew to 7 instances, only to 3: nothing was proven",
        "the stack never grew: what customers get once it has grown was not seen",
    )


def test_at_the_maximum_nothing_more_is_waited_for(case: ScalingCase) -> None:
    case.say(0.0, 200.0, maximum=7)
    case.say(28.0, 82.0, ratio=2.0)
    scaling = case.measure()
    (growth,) = scaling.growths
    assert (growth.grown_at, scaling.undecided_seconds) == (35.0, 0.0)


def test_who_wants_more_than_there_may_be_has_grown_at_the_maximum(case: ScalingCase) -> None:
    greedy = replace(case.log.decisions[1], after=12)
    case.log = replace(case.log, decisions=[case.log.decisions[0], greedy])
    case.say(0.0, 200.0, maximum=7)
    (growth,) = case.measure().growths
    assert (growth.after, growth.grown_at) == (12, 35.0)


def test_a_maximum_that_is_raised_lets_a_further_growth_begin(case: ScalingCase) -> None:
    case.say(0.0, 60.0, maximum=7)
    case.say(28.0, 82.0, ratio=2.0)
    case.say(60.0, 200.0, wanted=9)
    case.say(65.0, 200.0, serving=9)
    raised = Decision(at=60.0, number=3, before=7, after=9, why="cpu at 140 % of 70 %")
    case.log = replace(case.log, decisions=[*case.log.decisions[:2], raised])
    first, second = case.measure().growths
    assert (first.crossed_at, first.grown_at) == (21.0, 35.0)
    assert (second.crossed_at, second.grown_at) == (35.25, 65.0)


def test_a_growth_that_no_metric_asked_for_begins_with_its_decision(case: ScalingCase) -> None:
    case.say(0.0, 200.0, ratio=0.5)
    (first, second) = case.measure().growths
    assert (first.crossed_at, first.decided_at, first.grown_at) == (22.0, 22.0, 27.0)
    assert (second.crossed_at, second.grown_at) == (30.0, 35.0)


def test_what_of_a_way_was_not_seen_is_none(case: ScalingCase) -> None:
    stages = [one for one in case.log.stages if one.at != 26.0 or one.instance != "east-app-4"]
    case.log = replace(case.log, stages=stages)
    (growth,) = case.measure().growths
    assert growth.ways[0] == Way(
        instance="east-app-4", decide_seconds=1.0, start_seconds=0.5, ready_seconds=None,
        rotation_seconds=None,
    )  # fmt: skip
    assert growth.ways[0].seconds is None


@pytest.mark.parametrize("slow", [216, 217])  # of 4,320: one in twenty
def test_a_p95_once_grown_is_missed_by_one_request_in_twenty(
    case: ScalingCase, slow: int
) -> None:
    late = chosen(case.ledger, 35.0, 80.0, slow)
    case.ledger["ended"][late] = case.ledger["began"][late] + 0.25
    verdict = case.judge()
    if slow == 216:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.MISSED) == (
        "P95 once grown missed: one request in twenty took 0.25 s or longer (objective 0.2 s)"
    )


def test_a_slow_answer_while_it_grows_is_no_miss(case: ScalingCase) -> None:
    growing = chosen(case.ledger, 21.0, 35.0, 1000)
    case.ledger["ended"][growing] = case.ledger["began"][growing] + 3
    assert case.judge().outcome is Outcome.MET
    assert case.measure().p95_growing_seconds == 3.0


@pytest.mark.parametrize("failing", [2, 3])  # of 4,320: 0.05 % are two of them
def test_errors_once_grown_are_missed_by_their_share(case: ScalingCase, failing: int) -> None:
    case.ledger["outcome"][chosen(case.ledger, 35.0, 80.0, failing)] = Told.UNKNOWN
    verdict = case.judge()
    if failing == 2:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.MISSED) == (
        "errors once grown missed: 3 of 4,320 requests failed, 0.06 % (objective 0.05 %)"
    )


@pytest.mark.parametrize("failing", [67, 68])  # of 1,344: 5 % are 67.2
def test_errors_while_growing_are_missed_by_their_share(
    case: ScalingCase, failing: int
) -> None:
    first = np.flatnonzero(case.ledger["began"] >= 21.0)[:failing]
    case.ledger["outcome"][first] = Told.UNKNOWN
    verdict = case.judge()
    if failing == 67:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.MISSED) == (
        "errors while growing missed: 68 of 1,344 requests failed, 5.05 % (objective 5 %)"
    )


@pytest.mark.parametrize(
    ("since", "taking", "told", "dropped"),
    [
        (91.0, 0.0625, Told.UNKNOWN, 1),
        (91.0, 0.0625, Told.NO, 1),  # an honest refusal is no answer either
        (89.0, 0.9375, Told.UNKNOWN, 0),  # over before the decision
        (89.0, 1.0, Told.UNKNOWN, 1),  # in flight as it was made
        (94.0, 0.0625, Told.UNKNOWN, 1),  # a second after the instances stopped
        (94.0625, 0.0625, Told.UNKNOWN, 0),
    ],
)
def test_a_request_that_fails_while_an_instance_leaves_is_dropped(
    case: ScalingCase, since: float, taking: float, told: Told, dropped: int
) -> None:
    one = np.flatnonzero(case.ledger["began"] >= since)[0]
    case.ledger["began"][one], case.ledger["ended"][one] = since, since + taking
    case.ledger["outcome"][one] = told
    verdict = case.judge()
    if not dropped:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.MISSED) == (
        "dropped while shrinking: 1 request failed while instances were leaving (objective 0)"
    )
    assert asked(case, dropped=1).outcome is Outcome.MET


@pytest.mark.parametrize("peak", [8, 9])
def test_more_than_were_needed_is_an_overshoot(case: ScalingCase, peak: int) -> None:
    case.say(40.0, 41.0, serving=peak)
    verdict = case.judge()
    if peak == 8:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.MISSED) == (
        "overshoot: 9 instances served and 7 were needed at the most, 2 too many (objective 1)"
    )


@pytest.mark.parametrize("seconds", [60.0, 60.25])
def test_a_change_that_goes_back_too_soon_is_flapping(
    case: ScalingCase, seconds: float
) -> None:
    verdict = asked(case, reversal_seconds=seconds)
    if seconds == 60.0:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.MISSED) == (
        "flapping: 1 decision went back on the last sooner than 60.2 s after it, the soonest"
        " after 60 s (objective 0)"
    )
    assert asked(case, reversals=1).outcome is Outcome.MET


def test_a_reason_that_is_new_is_no_change(case: ScalingCase) -> None:
    bounded = Decision(at=31.0, number=9, before=7, after=7, why="held by people")
    case.log = replace(case.log, decisions=[*case.log.decisions[:2], bounded])
    assert case.measure().turns_seconds == ()


@pytest.mark.parametrize(
    ("bound", "sentences"),
    [
        ({"maximum": 7, "minimum": 3}, ()),
        (
            {"maximum": 6},
            (
                "maximum not respected: 7 instances served (maximum 6)",
                "maximum not respected: 7 instances were wanted (maximum 6)",
            ),
        ),
        (
            {"minimum": 4},
            ("minimum not respected: no more than 3 instances were wanted (minimum 4)",),
        ),
    ],
)
def test_bounds_are_held_to(
    case: ScalingCase, bound: dict[str, float], sentences: tuple[str, ...]
) -> None:
    verdict = asked(case, **bound)
    assert verdict.reasons == sentences
    assert verdict.outcome is (Outcome.MISSED if sentences else Outcome.MET)


@pytest.mark.parametrize(
    ("told", "taking", "sentence"),
    [
        (Told.NO, 0.25, ""),
        (
            Told.NO,
            0.375,
            "refusals: one refusal in twenty took 0.375 s or longer (objective 0.25 s)",
        ),
        (
            Told.UNKNOWN,
            0.0625,
            UNSAID,
        ),
    ],
)
def test_a_refusal_has_to_be_honest_and_quick(
    case: ScalingCase, told: Told, taking: float, sentence: str
) -> None:
    fail(case.ledger, 40.0, 41.0, Told.NO)
    late = chosen(case.ledger, 50.0, 52.0, 80)
    case.ledger["outcome"][late] = told
    case.ledger["ended"][late] = case.ledger["began"][late] + taking
    verdict = asked(case, refusal_seconds=0.25, errors=1.0, p95_seconds=9.0)
    if not sentence:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.MISSED) == sentence


def test_where_nobody_was_refused_nothing_is_known_of_refusals(case: ScalingCase) -> None:
    assert only_reason(asked(case, refusal_seconds=1.0), Outcome.INCONCLUSIVE) == (
        "nobody was refused: what customers get at the maximum was not seen"
    )


def test_a_stack_that_grew_too_little_proves_nothing(case: ScalingCase) -> None:
    assert only_reason(asked(case, reaches=8), Outcome.INCONCLUSIVE) == (
        "the stack never grew to 8 instances, only to 7: nothing was proven"
    )
    # But what is certain is certain.
    assert asked(case, scale_out_seconds=1.0).outcome is Outcome.MISSED


@pytest.mark.parametrize("missing", [17, 18])  # of 160 in two seconds: 10 %, and an edge
def test_a_load_that_does_not_follow_its_shape_proves_nothing(
    case: ScalingCase, missing: int
) -> None:
    orders = case.ledger["operation"] == 1
    begun = (case.ledger["began"] >= 50.0) & (case.ledger["began"] < 52.0)
    case.ledger = np.delete(case.ledger, np.flatnonzero(begun & orders)[:missing])
    verdict = asked(case, scale_out_seconds=1.0 if missing == 18 else 20.0)
    if missing == 17:
        assert verdict.outcome is Outcome.MET
        return
    assert verdict.outcome is Outcome.INCONCLUSIVE  # whatever else was seen
    assert verdict.reasons[0] == (
        "the load did not follow its shape: 71 orders a second were tried instead of 80, for"
        " 2 s from 30 s after its start (10 % off at the most)"
    )


def test_a_surge_of_too_few_orders_proves_nothing(case: ScalingCase) -> None:
    case.surges = (Surge(SURGE.started_at, ((0.0, 1.0), (5.0, 1.0))),)
    assert case.judge().reasons[0] == (
        "the load did not follow its shape: too few orders were asked for, or for too short a"
        " while, to tell"
    )


def test_where_load_never_changed_there_is_no_shape_to_follow(case: ScalingCase) -> None:
    case.surges = ()
    assert case.judge().outcome is Outcome.MET


def test_a_drill_without_a_scaling_log_is_inconclusive(case: ScalingCase) -> None:
    verdict = case.judge_by(None, ASKED)
    assert only_reason(verdict, Outcome.INCONCLUSIVE) == (
        "there is no scaling log: nobody knows how the stack grew"
    )


def test_a_scaling_log_without_samples_is_inconclusive(case: ScalingCase) -> None:
    case.log = ScalingLog()
    assert only_reason(case.judge(), Outcome.INCONCLUSIVE) == (
        "the scaling log has no samples: nobody knows how many instances served"
    )


@pytest.mark.parametrize("until", [52.0, 52.25])
def test_a_gap_between_samples_may_hide_anything(case: ScalingCase, until: float) -> None:
    case.look_away(50.0, until)
    verdict = case.judge()
    if until == 52.0:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.INCONCLUSIVE) == (
        "the scaler was not looked at for 2.25 s of the surge: what it did in that while was"
        " not seen"
    )


@pytest.mark.parametrize("last", [118.0, 117.75])
def test_a_scaling_log_that_ends_early_is_inconclusive(case: ScalingCase, last: float) -> None:
    case.look_away(last, 200.0)
    verdict = case.judge()
    if last == 118.0:
        assert verdict.outcome is Outcome.MET
        return
    assert only_reason(verdict, Outcome.INCONCLUSIVE) == (
        "the scaling log ends 2.25 s before the watch did"
    )


def test_a_load_that_was_never_known_is_inconclusive(case: ScalingCase) -> None:
    case.say(0.0, 200.0, ratio=None)
    verdict = case.judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    unknown, overshoot = verdict.reasons
    assert unknown == (
        "the load against its target was never known: nobody knows what was needed"
    )
    assert overshoot == (
        "overshoot not known: the stack was never stable with a load that was known, so nobody"
        " knows how many instances were needed"
    )


def test_a_stack_that_had_grown_as_the_surge_was_over_says_nothing_of_it(
    case: ScalingCase,
) -> None:
    case.surges = (Surge(SURGE.started_at, ((0.0, 80.0), (15.0, 80.0))),)
    assert only_reason(case.judge(), Outcome.INCONCLUSIVE) == (
        "nobody asked for anything once the stack had grown: what customers got then is not"
        " known"
    )


@pytest.mark.parametrize(
    "nonsense",
    [
        {"scale_out_seconds": float("nan")},
        {"errors": 1.5},
        {"overshoot": -1},
        {"minimum": 8, "maximum": 7},
        {"refusal_seconds": float("inf")},
    ],
)
def test_objectives_that_make_no_sense_prove_nothing(
    case: ScalingCase, nonsense: dict[str, float]
) -> None:
    verdict = asked(case, **nonsense)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons[0] == (
        "a time or an objective of the drill is not a number that makes sense"
    )


def test_where_nothing_is_asked_nothing_is_judged(case: ScalingCase) -> None:
    case.say(0.0, 200.0, ratio=None, serving=11)
    assert case.judge_by(case.measure(), None).outcome is Outcome.MET
