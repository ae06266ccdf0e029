"""Instances that need their cache, and caches that nobody replaces, must be found out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from fixtures.steps import Follower
from fixtures.waiting import wait_until
from scenarios import test_cache_failover as scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.sabotage.sabotaged import Sabotaged

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
def test_a_health_check_that_depends_on_the_cache_takes_all_instances_out(
    sabotaged: Sabotaged,
) -> None:
    sabotaged.must_be_missed(
        scenario.test_the_primary_cache_is_killed_in_maintenance,
        "RTO missed",
        follow=FollowOnceAllInstancesAreOut(sabotaged.drill),
    )


@pytest.mark.settings(Settings(cache_failover=True))
def test_a_cache_that_stays_without_a_primary_is_found_out(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("cache-failover.md", "Have a replica promoted", then_stop=True)

    sabotaged.must_be_missed(
        scenario.test_the_primary_cache_is_killed_in_maintenance,
        "not seen to be over within 40 s of the fault",
    )

    # Customers noticed nothing: what they were told alone would not have found it out.
    assert sabotaged.drill.verdict is not None
    assert not [why for why in sabotaged.drill.verdict.reasons if why.startswith("RTO missed")]
