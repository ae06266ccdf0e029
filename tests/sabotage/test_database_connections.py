"""A leak that is not limited, or not ended, must be found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from scenarios import test_database_connections as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]
PAGE = "db-connections-exhausted.md"
EXHAUSTED = scenario.test_the_connections_of_the_database_are_exhausted


def test_sessions_that_are_ended_without_a_limit_come_back(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out(PAGE, "Limit the role")

    sabotaged.must_be_missed(EXHAUSTED, "The leak has not come back")


def test_a_limit_that_ends_no_session_misses_the_rto(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "OBJECTIVES", replace(scenario.OBJECTIVES, rto_seconds=30))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=31))
    sabotaged.leave_out(PAGE, "End its sessions", then_stop=True)

    sabotaged.must_be_missed(EXHAUSTED, "RTO missed")
