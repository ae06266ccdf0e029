"""A region whose majority is in one zone must be found out when that zone is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from scenarios import test_zone_gone as scenario
from tests.sabotage.missed import missed

if TYPE_CHECKING:
    from environments.model import Environment
    from fixtures.drill import Drill
    from fixtures.steps import Follower, Injector, Loads, RecoveryWatch

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]


def test_a_zone_with_the_majority_of_the_consensus_store_takes_the_region_with_it(
    environment: Environment,
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The region as it would be if the first member stood in the lost zone too.
    monkeypatch.setattr(scenario, "LOST", "*@{zone},east-etcd-1")
    monkeypatch.setattr(scenario, "OBJECTIVES", replace(scenario.OBJECTIVES, rto_seconds=35))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=36))

    with missed(drill, "RTO missed"):
        scenario.test_the_zone_of_the_primary_is_gone(
            environment, load, inject, follow, recovery
        )
