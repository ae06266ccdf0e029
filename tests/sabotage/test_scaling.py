"""A stack that grows or shrinks without its precautions must be found out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.selectors import find_node
from fixtures import wholeness
from fixtures.scaling import ScalingWatch
from scenarios import test_scaling as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.settings(scenario.WORLD)]

WITHIN = timedelta(seconds=15)
POLICY = "/etc/scaler/policies/drill.toml"


@dataclass(frozen=True, slots=True)
class UnderAnotherPolicy(ScalingWatch):
    """Puts a policy in force that differs by a line, for the length of the surge."""

    line: str = ""

    def times(self, instances: float) -> float:
        key = self.line.partition(" ")[0]
        self._scaler_does(f"sed 's/^{key} = .*/{self.line}/' {POLICY} | scaling use -")
        return ScalingWatch.times(self, instances)

    def wait_until_back(self, *, at_most: timedelta) -> None:
        ScalingWatch.wait_until_back(self, at_most=at_most)
        self._scaler_does(f"scaling use {POLICY}")

    def _scaler_does(self, script: str) -> None:
        done = find_node(self.drill.environment, "east-scaler").run(
            ["sh", "-euc", script], within=WITHIN
        )
        assert done.exit_code == 0, done.stderr


def test_instances_that_leave_without_ending_their_requests_drop_them(
    sabotaged: Sabotaged,
) -> None:
    careless = UnderAnotherPolicy(sabotaged.drill, "drains = false")

    sabotaged.must_be_missed(scenario.test_a_step, "dropped while shrinking", scaling=careless)


@pytest.mark.nightly
def test_without_a_cool_down_instances_come_and_go_in_turns(sabotaged: Sabotaged) -> None:
    hasty = UnderAnotherPolicy(sabotaged.drill, "cool_down_seconds = 0")

    sabotaged.must_be_missed(scenario.test_a_sawtooth, "flapping", scaling=hasty)


@pytest.mark.nightly
def test_a_maximum_that_is_ignored_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The policy's maximum is 10: of one that should have been 5, that is as if it were ignored.
    gradual = replace(scenario.GRADUAL, maximum=5)
    monkeypatch.setattr(scenario, "SERVED", replace(scenario.SERVED, scaling=gradual))
    monkeypatch.setattr(scenario, "GRADUAL", gradual)

    sabotaged.must_be_missed(scenario.test_a_ramp, "maximum not respected")


@pytest.mark.nightly
@pytest.mark.settings(replace(scenario.WORLD, checks_new_instances=False))
def test_instances_that_are_let_in_before_they_are_ready_refuse_customers(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wholeness, "STEADY_AFTER_WITHIN", timedelta(seconds=30))

    sabotaged.must_be_missed(scenario.test_a_step, "errors while growing missed")
