"""Worlds that use what nobody signed, blind canaries, and pages that end nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from scenarios import test_bad_configuration as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]


@pytest.mark.settings(Settings(configured=True, checks_signature=False))
def test_instances_that_check_no_signature_are_found_by_a_tampered_store(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=15))
    sabotaged.must_be_missed(
        scenario.test_the_store_of_configurations_is_tampered_with, "availability missed"
    )


@pytest.mark.settings(Settings(configured=True, checks_signature=False))
def test_an_instance_that_checks_no_signature_is_found_by_its_own_copy(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=15))
    sabotaged.must_be_missed(
        scenario.test_a_configuration_is_tampered_with_on_an_instance, "availability missed"
    )


@pytest.mark.settings(Settings(configured=True, configuration_policy="drill-blind"))
def test_a_canary_that_looks_at_no_errors_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=15))
    sabotaged.must_be_missed(
        scenario.test_a_wrong_configuration_comes_back_by_itself,
        "rollback missed",
        "ended by others",  # the drill itself took it back
    )


@pytest.mark.settings(Settings(configured=True, configuration_policy="drill-by-hand"))
def test_a_page_that_takes_nothing_back_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=15))
    sabotaged.leave_out("configuration-rollback.md", "Take the last", then_stop=True)
    sabotaged.must_be_missed(
        scenario.test_people_take_a_wrong_configuration_back, "nobody mended Propose"
    )


@pytest.mark.settings(Settings(configured=True))
def test_a_page_that_switches_nothing_off_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=35))
    sabotaged.leave_out("kill-switch.md", "Switch receipts off", then_stop=True)
    sabotaged.change("feature-comes-back.md", 'expect="receipts off"', "")
    sabotaged.change("feature-comes-back.md", "config flag receipts on", "config")
    sabotaged.change("feature-comes-back.md", ' expect="receipts is on on every instance"', "")
    sabotaged.must_be_missed(scenario.test_a_feature_that_fails_is_switched_off, "RTO missed")
