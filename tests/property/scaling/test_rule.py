"""We believe that the rule is what the text of Kubernetes says, whatever the instances do."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import hypothesis.strategies as st
from hypothesis import given

from environments.replica.images.scaler.scaling.policy import Limit, Policy
from environments.replica.images.scaler.scaling.rule import (
    Memory,
    Metric,
    Situation,
    decide,
    propose,
)
from tests.property.scaling.reference import (
    READY,
    UNREADY,
    Pod,
    Rules,
    all_metrics,
    next_number,
    one_metric,
)
from tests.unit.scaler.policies import policy_with

DRILL = policy_with()
TENTHS = st.integers(0, 30).map(lambda number: Fraction(number, 10))
PODS = st.builds(
    Pod, st.sampled_from([READY, READY, UNREADY]), st.tuples(*[st.none() | TENTHS] * 2)
)
CREWS = st.lists(PODS, min_size=1, max_size=8)
RULES = st.builds(
    Rules,
    minimum=st.integers(1, 3),
    maximum=st.integers(3, 10),
    cool_down=st.integers(0, 6),
    stabilisation=st.integers(0, 4),
    out_percent=st.sampled_from([0, 50, 100]),
    out_instances=st.integers(1, 4),
    out_period=st.integers(1, 5),
    in_percent=st.sampled_from([10, 50, 100]),
    in_period=st.integers(1, 5),
)


def metrics_of(pods: list[Pod]) -> list[Metric]:
    target = 0.7
    return [
        Metric(
            f"metric {at}",
            target,
            {
                f"app-{number}": float(usage) * target
                for number, pod in enumerate(pods)
                if (usage := pod.usage[at]) is not None
            },
        )
        for at in range(2)
    ]


def situation_of(pods: list[Pod], current: int) -> Situation:
    return Situation(
        now=0.0,
        current=current,
        minimum=1,
        ready=frozenset(f"app-{n}" for n, pod in enumerate(pods) if pod.state == READY),
        unready=frozenset(f"app-{n}" for n, pod in enumerate(pods) if pod.state == UNREADY),
        metrics=metrics_of(pods),
    )


@given(CREWS, st.integers(1, 10))
def test_one_metric_asks_for_what_the_text_says(pods: list[Pod], current: int) -> None:
    situation = situation_of(pods, current)
    for at, metric in enumerate(situation.metrics):
        proposal = propose(metric, situation, 0.1)
        wanted = None if proposal is None else proposal.wanted
        assert wanted == one_metric(pods, at, current, Fraction(1, 10))


def policy_of(rules: Rules) -> Policy:
    return replace(
        DRILL,
        minimum=rules.minimum,
        maximum=rules.maximum,
        cool_down_seconds=rules.cool_down,
        scale_out_stabilisation_seconds=rules.stabilisation,
        scale_out=Limit(rules.out_percent, rules.out_period, rules.out_instances),
        scale_in=Limit(rules.in_percent, rules.in_period),
    )


@given(RULES, st.integers(1, 10), st.lists(CREWS, min_size=1, max_size=12))
def test_the_number_moves_as_the_text_says(
    rules: Rules, start: int, history: list[list[Pod]]
) -> None:
    policy = policy_of(rules)
    memory, wanted = Memory(), start
    asked: list[tuple[int, int]] = []
    numbers = [(-1, start)]
    for now, pods in enumerate(history):
        current = wanted
        situation = replace(
            situation_of(pods, current), now=float(now), minimum=rules.minimum, memory=memory
        )
        outcome = decide(policy, situation)
        wanted, memory = outcome.wanted, outcome.memory
        assert outcome.why
        answer = all_metrics(pods, 2, current, Fraction(1, 10))
        inside = rules.minimum <= current <= rules.maximum
        if answer is not None and inside:
            # Before the first answer, the number there was counts as one.
            asked = asked or [(now, current)]
            asked.append((now, answer))
        expected = (
            next_number(rules, asked or [(now, current)], numbers, now)
            if answer is not None or not inside
            else current
        )
        assert wanted == expected
        if wanted != current:
            numbers.append((now, wanted))


@given(RULES, st.integers(1, 10), CREWS, st.none() | st.integers(-3, 20))
def test_it_is_always_between_the_bounds(
    rules: Rules, current: int, pods: list[Pod], held: int | None
) -> None:
    situation = replace(situation_of(pods, current), minimum=rules.minimum, held=held)
    wanted = decide(policy_of(rules), situation).wanted
    assert (1 if held is not None else rules.minimum) <= wanted <= rules.maximum
