"""A runbook that ends sessions and lets them come back must be found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from scenarios import test_database_connections as scenario
from tests.sabotage.broken_runbook import without_step
from tests.sabotage.missed import missed

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.drill import Drill
    from fixtures.steps import Follower, Injector, Loads, RecoveryWatch

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]
PAGE = "db-connections-exhausted.md"


def test_sessions_that_are_ended_without_a_limit_come_back(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    tmp_path: Path,
) -> None:
    drill.runbooks = without_step(drill.runbooks / PAGE, "Limit the role", into=tmp_path)

    with missed(drill, "The leak has not come back"):
        scenario.test_the_connections_of_the_database_are_exhausted(
            load, inject, follow, recovery
        )


def test_a_limit_that_ends_no_session_misses_the_rto(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(scenario, "OBJECTIVES", replace(scenario.OBJECTIVES, rto_seconds=30))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=31))
    drill.runbooks = without_step(
        drill.runbooks / PAGE, "End its sessions", then_stop=True, into=tmp_path
    )

    with missed(drill, "RTO missed"):
        scenario.test_the_connections_of_the_database_are_exhausted(
            load, inject, follow, recovery
        )
