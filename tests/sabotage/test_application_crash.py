"""A runbook that does not start the application again must be found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from scenarios import test_application_crash as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = pytest.mark.sabotage


def test_a_runbook_that_starts_nothing_misses_the_rto(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An intact drill takes about 3 s here, so this objective would be met.
    monkeypatch.setattr(scenario, "ALL_DIE", replace(scenario.ALL_DIE, rto_seconds=10))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=11))
    sabotaged.leave_out("restart-orders.md", "Start every instance", then_stop=True)

    sabotaged.must_be_missed(scenario.test_all_application_instances_crash, "RTO missed")
