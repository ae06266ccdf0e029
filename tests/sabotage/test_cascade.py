"""A service that retries without a budget, and a page that sheds nothing, must be found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from fixtures import wholeness
from scenarios import test_cascade as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(protections=False, instance_cpus=scenario.INSTANCE_CPUS)),
]

# What goes on for ever need not be watched for as long as a service may take to come back.
WATCH = timedelta(seconds=45)
STEADY = timedelta(seconds=10)


@pytest.fixture(autouse=True)
def _short_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario, "WATCH", WATCH)
    monkeypatch.setattr(wholeness, "STEADY_AFTER_WITHIN", STEADY)
    monkeypatch.setattr(wholeness, "SETTLED_WITHIN", STEADY)


def test_without_protections_the_service_does_not_come_back_by_itself(
    sabotaged: Sabotaged,
) -> None:
    sabotaged.must_be_missed(
        scenario.test_with_protections_the_same_trigger_starts_no_cascade, "RTO missed"
    )


def test_a_runbook_that_sheds_nothing_and_restarts_nothing_misses_the_rto(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An intact drill takes about a minute here, so this objective would be met.
    monkeypatch.setattr(scenario, "BY_PEOPLE", replace(scenario.BY_PEOPLE, rto_seconds=80))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=60))
    sabotaged.leave_out("cascade.md", "Shed nine tenths", then_stop=True)

    sabotaged.must_be_missed(
        scenario.test_a_cascade_without_protections_is_ended_by_people, "RTO missed"
    )
