"""Pages that do not end a crash loop must be found out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from scenarios import test_crash_loop as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(restarts=True)),
]


def test_a_page_that_only_restarts_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=20))
    sabotaged.copy("restart-orders.md", over="crash-loop.md")

    sabotaged.must_be_missed(
        scenario.test_all_instances_crash_again_and_again, "nobody mended Have east-app-1"
    )


def test_a_page_that_rolls_nothing_back_is_found(sabotaged: Sabotaged) -> None:
    every_instance = 3
    sabotaged.change("crash-loop.md", "rm -rf /run/orders/bugs", "true", times=every_instance)

    sabotaged.must_be_missed(
        scenario.test_one_instance_crashes_again_and_again,
        "nobody mended Have east-app-2",
        "They stay up",
    )
