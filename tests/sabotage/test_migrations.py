"""A bad migration that stays, or that no check stopped, must be found out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from scenarios import test_migrations as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(migrations=True)),
]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch for just longer than customers may wait."""
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=21))


def test_an_invalid_index_that_nobody_drops_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("migration-half-way.md", "Drop the invalid index")

    sabotaged.must_be_missed(
        scenario.test_a_migration_fails_half_way,
        "Take back the rest of the change",
        "nobody mended Make the migration channel",
    )


@pytest.mark.usefixtures("impatient")
def test_a_change_that_nobody_ends_misses_the_rto(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("migration-locks.md", "End the change", then_stop=True)

    sabotaged.must_be_missed(
        scenario.test_a_migration_locks_the_table_of_orders, "RTO missed", "nobody mended"
    )


@pytest.mark.usefixtures("impatient")
def test_a_schema_that_nobody_takes_back_misses_the_rto(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("migration-incompatible.md", "Go back one revision", then_stop=True)

    sabotaged.must_be_missed(
        scenario.test_a_migration_is_not_backward_compatible, "RTO missed", "nobody mended"
    )


@pytest.mark.settings(Settings(migrations=True, checks_migrations=False))
def test_a_plan_that_tries_nothing_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(
        scenario.test_an_incompatible_migration_is_refused,
        "was rolled back (objective refused)",
    )
