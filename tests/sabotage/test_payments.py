"""Orders that wait for payments must be found out by their latency."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from fixtures import steps
from fixtures.steps import DrillFailedError, Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Outcome
from scenarios import test_payments_away as scenario

if TYPE_CHECKING:
    from fixtures.drill import Drill

pytestmark = pytest.mark.sabotage


@pytest.fixture
def settings() -> Settings:
    return Settings(circuit_breaker=False)


def test_without_the_circuit_breaker_orders_are_slow(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What piled up is settled after minutes only; the drill is MISSED long before.
    monkeypatch.setattr(steps, "STEADY_AFTER_WITHIN", timedelta(seconds=10))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=10))
    with pytest.raises(DrillFailedError, match="MISSED"):
        scenario.test_payments_becomes_slow_then_errs_then_is_gone(
            load, inject, follow, recovery
        )

    assert drill.verdict is not None
    assert drill.verdict.outcome is Outcome.MISSED
    assert [r for r in drill.verdict.reasons if r.startswith("P95 missed")]
