"""What keeps customers from a bad release must be missed where it is not there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from scenarios import test_bad_release as scenario
from scenarios import test_release as releases

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = pytest.mark.sabotage

SHORT = timedelta(seconds=20)
UNTIL_PROMOTED = timedelta(seconds=45)


@pytest.mark.settings(Settings(release="errs", takes_all_back=False))
def test_a_rollback_that_leaves_one_instance_behind_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", SHORT)

    sabotaged.must_be_missed(
        scenario.test_a_release_errs, "harm after the rollback", "nobody mended Deploy"
    )


@pytest.mark.nightly
@pytest.mark.settings(Settings(release="errs", release_policy="drill-blind"))
def test_a_canary_that_looks_at_no_errors_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", SHORT)
    monkeypatch.setattr(scenario, "ROLLED_BACK", UNTIL_PROMOTED)

    sabotaged.must_be_missed(
        scenario.test_a_release_errs, "nobody mended Deploy", "ended by others"
    )


@pytest.mark.nightly
@pytest.mark.settings(Settings(release="slow", release_policy="drill-blind"))
def test_a_canary_that_does_not_look_how_long_customers_wait_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", SHORT)
    monkeypatch.setattr(scenario, "ROLLED_BACK", UNTIL_PROMOTED)

    sabotaged.must_be_missed(
        scenario.test_a_release_is_slow, "nobody mended Deploy", "ended by others"
    )


@pytest.mark.nightly
@pytest.mark.settings(Settings(release="leaks", release_policy="drill-blind"))
def test_a_canary_that_looks_at_no_memory_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(scenario.test_a_release_leaks, "availability missed")


@pytest.mark.nightly
@pytest.mark.settings(Settings(release="errs", release_policy="drill-blind"))
def test_a_release_that_harms_customers_on_its_way_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(releases.test_a_release_is_deployed, "availability missed")


@pytest.mark.nightly
@pytest.mark.settings(Settings(release="errs", release_policy="drill-by-hand"))
def test_a_page_that_rolls_nothing_back_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", SHORT)
    sabotaged.leave_out("roll-a-release-back.md", "fence: Take customers from", then_stop=True)

    sabotaged.must_be_missed(scenario.test_people_roll_a_release_back, "nobody mended Deploy")


@pytest.mark.nightly
@pytest.mark.settings(Settings(release="corrupts"))
def test_a_page_that_repairs_no_order_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", SHORT)
    page = "orders-corrupted-by-a-release.md"
    sabotaged.leave_out(page, "Find the orders that say otherwise", then_stop=True)

    sabotaged.must_be_missed(scenario.test_a_release_corrupts, "corruption")
