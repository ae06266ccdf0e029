"""Instances that need their cache, and caches that nobody replaces, must be found out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from fixtures.waiting import wait_until
from scenarios import test_cache_failover as scenario
from tests.sabotage.broken_runbook import without_step
from tests.sabotage.missed import missed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from environments.model import Environment
    from fixtures.drill import Drill

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]

ALL_ARE_OUT = "0 of 3 instances are in rotation"


class FollowOnceAllInstancesAreOut(Follower):
    """Follows the page when the edge leads to no instance any more."""

    def __call__(self, runbook: str) -> Mapping[str, str]:
        wait_until(
            "all instances to leave rotation",
            lambda: any(ALL_ARE_OUT in said for said in self.drill.environment.deviations()),
            at_most=timedelta(seconds=10),
        )
        return Follower(self.drill)(runbook)


@pytest.mark.settings(Settings(cache_failover=True, health_needs_cache=True))
class TestAHealthCheckThatDependsOnTheCache:
    def test_all_instances_leave_rotation_and_the_rto_is_missed(
        self,
        environment: Environment,
        drill: Drill,
        load: Loads,
        inject: Injector,
        recovery: RecoveryWatch,
    ) -> None:
        follow = FollowOnceAllInstancesAreOut(drill)
        with missed(drill, "RTO missed"):
            scenario.test_the_primary_cache_is_killed_in_maintenance(
                environment, load, inject, follow, recovery
            )


@pytest.mark.settings(Settings(cache_failover=True))
class TestNobodyPromotesAReplica:
    def test_a_cache_that_stays_without_a_primary_is_found_out(
        self,
        environment: Environment,
        drill: Drill,
        load: Loads,
        inject: Injector,
        follow: Follower,
        recovery: RecoveryWatch,
        tmp_path: Path,
    ) -> None:
        drill.runbooks = without_step(
            drill.runbooks / "cache-failover.md",
            "Have a replica promoted",
            then_stop=True,
            into=tmp_path,
        )

        with missed(drill, "not seen to be over within 40 s of the fault"):
            scenario.test_the_primary_cache_is_killed_in_maintenance(
                environment, load, inject, follow, recovery
            )

        # Customers noticed nothing: what they were told alone would not have found it out.
        assert drill.verdict is not None
        assert not [why for why in drill.verdict.reasons if why.startswith("RTO missed")]
