"""We believe that the rule is Kubernetes': its classical examples come out as they do there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from environments.replica.images.scaler.scaling.rule import (
    Bound,
    Memory,
    Metric,
    Situation,
    decide,
)
from tests.unit.scaler.policies import policy_with

POLICY = policy_with(cool_down_seconds="0", period_seconds="1")


def names(count: int, prefix: str = "app") -> frozenset[str]:
    return frozenset(f"{prefix}-{number}" for number in range(1, count + 1))


def cpu(*used: float) -> Metric:
    return Metric("cpu", 0.5, {f"app-{n}": use for n, use in enumerate(used, start=1)})


def situation(*used: float, ready: int | None = None, unready: int = 0) -> Situation:
    count = len(used) if ready is None else ready
    return Situation(
        now=1000.0,
        current=count + unready,
        minimum=1,
        ready=names(count),
        unready=names(unready, "new"),
        metrics=[cpu(*used)],
    )


@pytest.mark.parametrize(
    ("used", "wanted"),
    [
        ([1.0, 1.0], 4),  # twice the target: twice as many
        ([0.25, 0.25], 1),  # half of it: half as many
        ([0.55, 0.55, 0.55], 3),  # 1.1 is within the tolerance
        ([0.56, 0.56, 0.56], 4),
        ([0.45, 0.45, 0.45, 0.45], 4),  # and so is 0.9
        ([0.44, 0.44, 0.44, 0.44], 4),  # rounded up: 3.52
        ([0.37, 0.37, 0.37, 0.37], 3),
        ([0.6, 0.9, 0.6], 5),  # the mean counts: 1.4
        ([1.5] * 7, 10),  # never above the maximum
        ([0.0] * 3, 1),  # never below the minimum
    ],
)
def test_the_ratio_of_metric_and_target_says_how_many(used: list[float], wanted: int) -> None:
    assert decide(POLICY, situation(*used)).wanted == wanted


def test_the_largest_answer_of_all_metrics_counts() -> None:
    rate = Metric("requests", 100, dict.fromkeys(names(3), 150.0), is_share=False)
    outcome = decide(POLICY, replace(situation(0.1, 0.1, 0.1), metrics=[cpu(0.1, 0.1), rate]))
    assert outcome.wanted == 5
    assert outcome.why == (
        "requests is at 150 % of its target of 100 requests a second: 5 instances"
    )
    assert outcome.ratio == pytest.approx(1.5)


def test_instances_that_are_not_ready_count_as_idle_when_others_would_be_added() -> None:
    assert decide(POLICY, situation(0.75, 0.75, 0.75, unready=2)).wanted == 5
    assert decide(POLICY, situation(1.0, 1.0, 1.0, unready=2)).wanted == 6


def test_instances_that_are_not_ready_are_set_aside_when_some_would_leave() -> None:
    assert decide(POLICY, situation(0.25, 0.25, 0.25, 0.25, unready=2)).wanted == 2


def test_an_instance_of_which_nothing_is_known_is_thought_idle_before_others_are_added() -> (
    None
):
    assert decide(POLICY, situation(1.0, 1.0, ready=3)).wanted == 4
    assert decide(POLICY, situation(0.6, 0.6, ready=3)).wanted == 3, "0.8 turns it round"


def test_an_instance_of_which_nothing_is_known_is_thought_busy_before_some_leave() -> None:
    assert decide(POLICY, situation(0.2, 0.2, ready=3)).wanted == 2
    assert decide(POLICY, situation(0.2, 0.2, 0.2, 0.2)).wanted == 2


def test_nobody_leaves_while_a_metric_is_unknown_but_others_may_come() -> None:
    unknown = Metric("memory", 0.8, {})
    quiet = replace(situation(0.1, 0.1, 0.1), metrics=[cpu(0.1, 0.1, 0.1), unknown])
    outcome = decide(POLICY, quiet)
    assert (outcome.wanted, outcome.bound) == (3, Bound.UNKNOWN)
    assert outcome.why == "memory cannot be known: nobody leaves"
    busy = replace(quiet, metrics=[cpu(1.0, 1.0, 1.0), unknown])
    assert decide(POLICY, busy).wanted == 6


def test_nothing_changes_while_nothing_is_known() -> None:
    outcome = decide(POLICY, replace(situation(ready=3), metrics=[cpu()]))
    assert (outcome.wanted, outcome.bound, outcome.ratio) == (3, Bound.UNKNOWN, None)


def test_people_who_hold_come_before_the_metrics_and_after_the_maximum() -> None:
    busy = situation(1.0, 1.0, 1.0)
    held = decide(POLICY, replace(busy, held=2))
    assert (held.wanted, held.bound, held.why) == (2, Bound.HELD, "held at 2 by people")
    above = decide(POLICY, replace(busy, held=12))
    assert above.wanted == 10
    assert above.why == "held at 12 by people, and 10 is the maximum"
    assert decide(POLICY, replace(busy, held=0)).wanted == 1


def test_a_peak_that_begins_adds_instances_before_they_are_needed() -> None:
    outcome = decide(POLICY, replace(situation(0.1, 0.1, 0.1), minimum=6))
    assert (outcome.wanted, outcome.why) == (6, "the minimum is 6 instances now")


def test_a_policy_with_a_lower_maximum_takes_instances_away_at_once() -> None:
    policy = policy_with(maximum="4", cool_down_seconds="300")
    outcome = decide(policy, situation(*[1.0] * 6))
    assert (outcome.wanted, outcome.bound) == (4, Bound.MAXIMUM)


def test_the_maximum_is_said_to_bound_what_the_metrics_ask_for() -> None:
    outcome = decide(POLICY, situation(*[1.0] * 10))
    assert (outcome.wanted, outcome.bound) == (10, Bound.MAXIMUM)
    assert outcome.why.endswith("20 instances, and 10 is the maximum")


def over_time(policy_changes: dict[str, str], used: list[float]) -> list[int]:
    """Decide once a second; each number is what every instance uses in that second."""
    policy = policy_with(**policy_changes)
    wanted, memory, decided = 3, Memory(), []
    for second, use in enumerate(used):
        now = Situation(
            now=float(second),
            current=wanted,
            minimum=1,
            ready=names(wanted),
            unready=frozenset(),
            metrics=[Metric("cpu", 0.5, dict.fromkeys(names(wanted), use))],
            memory=memory,
        )
        outcome = decide(policy, now)
        wanted, memory = outcome.wanted, outcome.memory
        decided.append(wanted)
    return decided


def test_nobody_leaves_before_a_whole_cool_down_has_asked_for_fewer() -> None:
    quiet = over_time({"cool_down_seconds": "4"}, [1.0, *[0.25] * 8])
    assert quiet == [6, 6, 6, 6, 3, 3, 3, 3, 2]


def test_a_cool_down_begins_anew_when_nothing_is_remembered() -> None:
    assert over_time({"cool_down_seconds": "3"}, [0.1] * 4) == [3, 3, 3, 1]


def test_a_spike_that_is_shorter_than_the_window_adds_nobody() -> None:
    changes = {"scale_out_stabilisation_seconds": "3", "cool_down_seconds": "60"}
    assert over_time(changes, [0.5, 0.5, 1.0, 0.5, 0.5]) == [3] * 5
    assert over_time(changes, [0.5, 1.0, 1.0, 1.0, 1.0])[-1] > 3


def test_growth_is_limited_within_a_period() -> None:
    policy = {"period_seconds": "10"}  # of growth: doubling, or four, within ten seconds
    assert over_time(policy, [2.0] * 12)[:10] == [7] * 10
    assert over_time(policy, [2.0] * 12)[10] == 10
