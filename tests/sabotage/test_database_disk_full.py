"""A full disk of the log on which nobody makes room must be found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from scenarios import test_database_disk_full
from tests.sabotage.missed import missed

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.drill import Drill
    from fixtures.steps import Follower, Injector, Loads, RecoveryWatch

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(log_disk=True)),
]
PAGE = "log-disk-full.md"


def test_a_page_that_makes_no_room_is_found(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    tmp_path: Path,
) -> None:
    page = (drill.runbooks / PAGE).read_text()
    (tmp_path / PAGE).write_text(page.replace("-maxdepth 1 ! -name wal -delete", "-maxdepth 0"))
    drill.runbooks = tmp_path

    with missed(drill, "Make room on the"):
        test_database_disk_full.test_the_disk_of_the_log_is_full(load, inject, follow, recovery)
