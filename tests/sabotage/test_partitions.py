"""Partitions in a world, or with a page, that lacks a safeguard must be found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Direction
from fixtures.faults import Partition
from scenarios import test_partitions as scenario
from tests.sabotage.broken_runbook import without_step
from tests.sabotage.missed import missed

if TYPE_CHECKING:
    from pathlib import Path

    from environments.model import Environment
    from fixtures.drill import Drill
    from fixtures.steps import Follower, Injector, Loads, RecoveryWatch

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]


@pytest.mark.settings(Settings(synchronous=False))
class TestAsynchronousReplication:
    @pytest.fixture
    def found(self, drill: Drill, monkeypatch: pytest.MonkeyPatch) -> Drill:
        monkeypatch.setattr(scenario, "HOLD", timedelta(seconds=25))
        return drill

    def test_a_primary_with_a_minority_is_a_split_brain(
        self,
        found: Drill,
        load: Loads,
        inject: Injector,
        follow: Follower,
        recovery: RecoveryWatch,
    ) -> None:
        with missed(found, "split brain"):
            scenario.test_the_primary_is_with_a_minority(load, inject, follow, recovery)

    def test_a_primary_that_is_not_heard_is_a_split_brain(
        self,
        found: Drill,
        load: Loads,
        inject: Injector,
        follow: Follower,
        recovery: RecoveryWatch,
    ) -> None:
        with missed(found, "split brain"):
            scenario.test_packets_of_the_primary_are_lost_one_way(
                load, inject, follow, recovery, Direction.OUTBOUND
            )

    def test_a_shape_that_was_drawn_loses_orders(
        self,
        found: Drill,
        environment: Environment,
        load: Loads,
        inject: Injector,
        recovery: RecoveryWatch,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        shape = Partition("db:primary", "db,etcd")
        monkeypatch.setattr(scenario, "random_partitions", lambda *_, **__: [shape])
        monkeypatch.setattr(scenario, "RANDOM_HOLDS", [timedelta(seconds=25)])
        with missed(found, "split brain"):
            scenario.test_ten_partitions_of_random_shape(
                found, environment, load, inject, recovery
            )


def test_a_page_that_moves_no_primary_to_customers_misses_the_rto(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    # An intact drill takes about 10 s here, so this objective would be met.
    monkeypatch.setattr(scenario, "BY_HAND", replace(scenario.BY_HAND, rto_seconds=20))
    monkeypatch.setattr(scenario, "HOLD", timedelta(seconds=22))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=22))
    drill.runbooks = without_step(
        drill.runbooks / "primary-out-of-reach.md",
        "Move the primary to the standby",
        then_stop=True,
        into=tmp_path,
    )
    with missed(drill, "RTO missed"):
        scenario.test_the_primary_has_the_majority_and_no_customers(
            load, inject, follow, recovery
        )


def test_a_page_that_leaves_the_primary_where_the_network_flaps_is_found(
    environment: Environment,
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    tmp_path: Path,
) -> None:
    drill.runbooks = without_step(
        drill.runbooks / "flapping-network.md",
        "Move the primary to a synchronous standby",
        then_stop=True,
        into=tmp_path,
    )
    with missed(drill, "availability missed"):
        scenario.test_the_network_of_the_primary_flaps(
            environment, load, inject, follow, recovery
        )
