"""A runbook that does not start the application again must be found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from scenarios import test_application_crash as scenario
from tests.sabotage.broken_runbook import without_step
from tests.sabotage.missed import missed

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.drill import Drill
    from fixtures.steps import Follower, Injector, Loads, RecoveryWatch

pytestmark = pytest.mark.sabotage


def test_a_runbook_that_starts_nothing_misses_the_rto(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    # An intact drill takes about 3 s here, so this objective would be met.
    monkeypatch.setattr(scenario, "ALL_DIE", replace(scenario.ALL_DIE, rto_seconds=10))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=11))
    drill.runbooks = without_step(
        drill.runbooks / "restart-orders.md",
        "Start every instance",
        then_stop=True,
        into=tmp_path,
    )

    with missed(drill, "RTO missed"):
        scenario.test_all_application_instances_crash(load, inject, follow, recovery)
