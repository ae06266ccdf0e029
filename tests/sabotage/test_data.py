"""Backups with one thing wrong with them must be found out, for the right reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import select
from fixtures import backups as backups_module
from fixtures.backups import Backups
from fixtures.drill import InconclusiveError
from reports.verdict import Outcome
from scenarios import (
    test_data_backups,
    test_data_corruption,
    test_data_loss,
    test_data_restore,
)

if TYPE_CHECKING:
    from environments.model import Environment
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.settings(Settings(backups=True))]


@pytest.fixture
def _nothing_falls_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is never started, so nothing can fail and nothing is said."""
    monkeypatch.setattr(Backups, "fall_due", lambda *_: None)
    monkeypatch.setattr(test_data_backups, "NOTICED_WITHIN", timedelta(seconds=5))


def test_a_backup_that_lacks_rows_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget = 'psql --no-psqlrc --dbname orders --command "DELETE FROM orders WHERE id % 7 = 0"'
    read = backups_module._READ  # noqa: SLF001 # what the copy says is what is sabotaged
    monkeypatch.setattr(backups_module, "_READ", f"{forget} >/dev/null\n{read}")
    monkeypatch.setattr(test_data_restore, "KINDS", ("incr",))

    sabotaged.must_be_missed(
        test_data_restore.test_every_backup_of_the_near_repository_can_be_restored,
        "acknowledged before",
    )


@pytest.mark.usefixtures("_nothing_falls_due")
def test_a_failed_backup_that_nobody_looks_at_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(test_data_backups.test_a_backup_fails, "nobody was told")


def test_a_restore_to_an_earlier_moment_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.change(
        "restore-to-a-moment.md",
        '--target="$MOMENT"',
        '--target="$(date --utc --date "$MOMENT 4 seconds ago" "+%Y-%m-%d %H:%M:%S.%6N+00")"',
    )

    sabotaged.must_be_missed(
        test_data_loss.test_the_cluster_is_put_back_to_a_moment,
        "the moment that the database was restored to",
    )


@pytest.mark.nightly
def test_a_restore_beyond_the_moment_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.change(
        "restore-to-a-moment.md",
        '--type=time --target="$MOMENT" --target-exclusive \\\n  --target-action=promote ',
        "",
    )

    sabotaged.must_be_missed(
        test_data_loss.test_the_cluster_is_put_back_to_a_moment, "restored beyond the moment"
    )


@pytest.mark.nightly
def test_backups_without_the_log_lose_orders(sabotaged: Sabotaged) -> None:
    sabotaged.change(
        "restore-from-near.md",
        "--delta restore",
        "--delta --type=immediate --target-action=promote restore",
    )

    sabotaged.must_be_missed(test_data_loss.test_all_databases_are_lost, "RPO missed")


@pytest.mark.nightly
def test_a_restore_along_the_wrong_timeline_loses_orders(
    environment: Environment, sabotaged: Sabotaged
) -> None:
    # From now on orders are written on a timeline that no backup was made on.
    (bastion,) = select(environment, "bastion")
    moved = bastion.run(
        ["patronictl", "switchover", "muster", "--force"], within=timedelta(seconds=60)
    )
    assert moved.exit_code == 0, moved.stderr
    sabotaged.change(
        "restore-from-near.md", "--delta restore", "--delta --target-timeline=current restore"
    )

    sabotaged.must_be_missed(test_data_loss.test_all_databases_are_lost, "RPO missed")


@pytest.mark.nightly
def test_a_table_that_is_not_copied_back_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_data_loss, "WATCH", timedelta(seconds=10))
    monkeypatch.setattr(
        test_data_loss, "TABLE_DROPPED", replace(test_data_loss.TABLE_DROPPED, rto_seconds=15)
    )
    sabotaged.leave_out(
        "bring-a-table-back.md", "Copy the table back, in one transaction", then_stop=True
    )

    sabotaged.must_be_missed(test_data_loss.test_a_table_is_dropped, "RTO missed")


@pytest.mark.nightly
def test_rows_that_are_not_brought_back_are_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out(
        "bring-rows-back.md",
        "Bring back what the wrong rows said, and nothing else",
        then_stop=True,
    )

    sabotaged.must_be_missed(test_data_loss.test_rows_are_wrongly_changed, "RPO missed")


@pytest.mark.nightly
def test_a_damaged_primary_that_is_kept_misses_the_rto(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = test_data_corruption
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=20))
    monkeypatch.setattr(
        scenario, "ON_THE_PRIMARY", replace(scenario.ON_THE_PRIMARY, rto_seconds=15)
    )
    sabotaged.leave_out("fail-over-from-damage.md", "Hand over to the standby", then_stop=True)

    sabotaged.must_be_missed(scenario.test_pages_of_the_primary_are_damaged, "RTO missed")


@pytest.mark.nightly
def test_a_damaged_replica_that_is_kept_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("rebuild-a-replica.md", "Rebuild it from the primary", then_stop=True)

    sabotaged.must_be_missed(
        test_data_corruption.test_pages_of_a_replica_are_damaged, "nobody mended Damage a page"
    )


@pytest.mark.nightly
@pytest.mark.usefixtures("_nothing_falls_due")
def test_a_damaged_backup_that_is_never_verified_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(test_data_backups.test_a_backup_is_damaged, "nobody was told")


@pytest.mark.nightly
def test_an_archive_that_is_not_started_again_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out(
        "archive-stopped.md", "Start the backup tool on the first database", then_stop=True
    )

    sabotaged.must_be_missed(
        test_data_backups.test_the_archive_stops, "nobody mended Stop archiving"
    )


@pytest.mark.nightly
@pytest.mark.settings(Settings(backups=True, checksums=False))
def test_damage_that_nobody_sees_is_inconclusive(sabotaged: Sabotaged) -> None:
    with pytest.raises(InconclusiveError, match="not seen to take effect"):
        sabotaged.play(test_data_corruption.test_pages_of_a_replica_are_damaged)

    assert sabotaged.drill.give_up(None).outcome is Outcome.INCONCLUSIVE


@pytest.mark.nightly
@pytest.mark.settings(Settings(backups=True, fresh_reads=False))
def test_a_router_that_leads_readers_to_the_past_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("replica-lags.md", "Readers are led to one replica only")

    sabotaged.must_be_missed(
        test_data_backups.test_a_replica_falls_behind, "Ten reads in a row"
    )
