"""A stack that grows or shrinks without its precautions must be found out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import Latency
from environments.selectors import find_link
from fixtures import wholeness
from fixtures.scaling import ScalingWatch
from scenarios import test_scaling as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = pytest.mark.sabotage

SLOW = Latency(200)  # every answer of the database


def under(policy: str) -> pytest.MarkDecorator:
    """Take the drills' world under a policy that lacks a precaution."""
    return pytest.mark.settings(replace(scenario.WORLD, autoscaling=policy))


@dataclass(frozen=True, slots=True)
class WhileOrdersTakeLong(ScalingWatch):
    """Instances leave while each of them has some orders in work."""

    def wait_until_back(self, *, at_most: timedelta) -> None:
        link = find_link(self.drill.environment, "app-to-db")
        link.impair(SLOW)
        try:
            ScalingWatch.wait_until_back(self, at_most=at_most)
        finally:
            link.mend(SLOW)


@under("drill-abrupt")
def test_instances_that_leave_without_ending_their_requests_drop_them(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "STEP_SECONDS", 30)

    sabotaged.must_be_missed(
        scenario.test_a_step,
        "dropped while shrinking",
        scaling=WhileOrdersTakeLong(sabotaged.drill),
    )


@pytest.mark.nightly
@under("drill-hasty")
def test_without_a_cool_down_instances_come_and_go_in_turns(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(scenario.test_a_sawtooth, "flapping")


@pytest.mark.nightly
@under("drill")  # whose maximum is larger than the one that the drill was promised
def test_a_maximum_that_is_ignored_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(
        scenario.test_more_than_the_maximum_carries, "maximum not respected"
    )


@pytest.mark.nightly
@pytest.mark.settings(replace(scenario.WORLD, checks_new_instances=False))
def test_instances_that_are_let_in_before_they_are_ready_refuse_customers(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wholeness, "STEADY_AFTER_WITHIN", timedelta(seconds=30))

    sabotaged.must_be_missed(scenario.test_a_step, "errors while growing missed")
