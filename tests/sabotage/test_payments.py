"""Orders that wait for payments must be found out by their latency."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from fixtures import wholeness
from scenarios import test_payments_away as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.settings(Settings(circuit_breaker=False))]


def test_without_the_circuit_breaker_orders_are_slow(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What piled up is settled after minutes only; the drill is MISSED long before.
    monkeypatch.setattr(wholeness, "STEADY_AFTER_WITHIN", timedelta(seconds=10))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=10))

    sabotaged.must_be_missed(
        scenario.test_payments_becomes_slow_then_errs_then_is_gone, "P95 missed"
    )
