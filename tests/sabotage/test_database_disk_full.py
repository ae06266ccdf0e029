"""A full disk of the log on which nobody makes room must be found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from scenarios import test_database_disk_full as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(bounded=True)),
]


def test_a_page_that_makes_no_room_is_found(sabotaged: Sabotaged) -> None:
    every_database = 3
    sabotaged.change(
        "log-disk-full.md",
        "-maxdepth 1 ! -name wal -delete",
        "-maxdepth 0",
        times=every_database,
    )

    sabotaged.must_be_missed(scenario.test_the_disk_of_the_log_is_full, "Make room on the")
