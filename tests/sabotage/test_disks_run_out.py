"""Disks and ports that ran out, and that nobody mends or minds, must be found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from scenarios import (
    test_data_disk_full,
    test_edge_ports_gone,
    test_inodes_gone,
    test_log_volume_full,
    test_slow_disk,
)

if TYPE_CHECKING:
    from types import ModuleType

    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]
BOUNDED = pytest.mark.settings(Settings(bounded=True))
WITHOUT_A_LOG_IT_FAILS = pytest.mark.settings(Settings(bounded=True, log_needed=True))


def allow(monkeypatch: pytest.MonkeyPatch, scenario: ModuleType, *, seconds: int) -> None:
    """Shorten a drill that is lost anyhow: its RTO, and how long it watches beyond that."""
    monkeypatch.setattr(
        scenario, "OBJECTIVES", replace(scenario.OBJECTIVES, rto_seconds=seconds)
    )
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=seconds + 2))


@BOUNDED
def test_a_page_that_leaves_customers_on_the_full_disk_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, test_data_disk_full, seconds=20)
    sabotaged.leave_out("data-disk-full.md", "Switch over to it", then_stop=True)

    sabotaged.must_be_missed(
        test_data_disk_full.test_the_disk_of_the_data_is_full, "RTO missed", "nobody mended"
    )


@BOUNDED
def test_a_checkpoint_that_comes_before_inodes_are_free_is_found(sabotaged: Sabotaged) -> None:
    for database in ("first", "second", "third"):
        sabotaged.leave_out("inodes-gone.md", f"Free the inodes of the {database}")

    sabotaged.must_be_missed(
        test_inodes_gone.test_the_inodes_of_the_data_are_gone,
        "A checkpoint of the primary passes",
    )


@WITHOUT_A_LOG_IT_FAILS
def test_a_service_that_needs_its_log_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_log_volume_full, "WATCH", test_log_volume_full.HOLD)

    sabotaged.must_be_missed(
        test_log_volume_full.test_the_volume_of_the_log_lines_is_full, "RTO missed"
    )


@BOUNDED
def test_a_page_that_ends_nobody_at_the_entrance_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, test_edge_ports_gone, seconds=10)
    sabotaged.leave_out("edge-ports-gone.md", "End it", then_stop=True)

    sabotaged.must_be_missed(
        test_edge_ports_gone.test_the_ports_of_the_entrance_are_gone,
        "RTO missed",
        "nobody mended",
    )


def test_a_page_that_leaves_the_primary_on_the_slow_disk_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, test_slow_disk, seconds=20)
    sabotaged.leave_out("slow-disk.md", "fence: End who keeps", then_stop=True)

    sabotaged.must_be_missed(test_slow_disk.test_the_disk_of_the_primary_is_slow, "RTO missed")
