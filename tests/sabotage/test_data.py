"""Backups with one thing wrong with them must be found out, for the right reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import select
from fixtures import backups as backups_module
from fixtures.drill import InconclusiveError
from reports.verdict import Outcome
from scenarios import (
    test_data_backups,
    test_data_corruption,
    test_data_loss,
    test_data_restore,
)
from tests.sabotage.broken_runbook import with_change, without_step
from tests.sabotage.missed import missed

if TYPE_CHECKING:
    from pathlib import Path

    from environments.model import Environment
    from fixtures.backups import Backups
    from fixtures.drill import Drill
    from fixtures.steps import Follower, Injector, Loads, RecoveryWatch

pytestmark = [pytest.mark.sabotage, pytest.mark.settings(Settings(backups=True))]


def test_a_backup_that_lacks_rows_is_found(
    drill: Drill,
    load: Loads,
    recovery: RecoveryWatch,
    backups: Backups,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forget = 'psql --no-psqlrc --dbname orders --command "DELETE FROM orders WHERE id % 7 = 0"'
    read = backups_module._READ  # noqa: SLF001 # what the copy says is what is sabotaged
    monkeypatch.setattr(backups_module, "_READ", f"{forget} >/dev/null\n{read}")
    monkeypatch.setattr(test_data_restore, "KINDS", ("incr",))

    with missed(drill, "acknowledged before"):
        test_data_restore.test_every_backup_of_the_near_repository_can_be_restored(
            load, backups, recovery
        )


def test_a_failed_backup_that_nobody_looks_at_is_found(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    backups: Backups,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What is due is never started, so nothing can fail and nothing is said.
    monkeypatch.setattr(type(backups), "fall_due", lambda *_: None)
    monkeypatch.setattr(test_data_backups, "NOTICED_WITHIN", timedelta(seconds=5))

    with missed(drill, "nobody was told"):
        test_data_backups.test_a_backup_fails(load, inject, follow, recovery, backups)


def test_a_restore_to_an_earlier_moment_is_found(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    tmp_path: Path,
) -> None:
    drill.runbooks = with_change(
        drill.runbooks / "restore-to-a-moment.md",
        '--target="$MOMENT"',
        '--target="$(date --utc --date "$MOMENT 4 seconds ago" "+%Y-%m-%d %H:%M:%S.%6N+00")"',
        into=tmp_path,
    )

    with missed(drill, "the moment that the database was restored to"):
        test_data_loss.test_the_cluster_is_put_back_to_a_moment(load, inject, follow, recovery)


@pytest.mark.nightly
def test_a_restore_beyond_the_moment_is_found(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    tmp_path: Path,
) -> None:
    drill.runbooks = with_change(
        drill.runbooks / "restore-to-a-moment.md",
        '--type=time --target="$MOMENT" --target-exclusive \\\n  --target-action=promote ',
        "",
        into=tmp_path,
    )

    with missed(drill, "restored beyond the moment"):
        test_data_loss.test_the_cluster_is_put_back_to_a_moment(load, inject, follow, recovery)


@pytest.mark.nightly
def test_backups_without_the_log_lose_orders(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    backups: Backups,
    tmp_path: Path,
) -> None:
    drill.runbooks = with_change(
        drill.runbooks / "restore-from-near.md",
        "--delta restore",
        "--delta --type=immediate --target-action=promote restore",
        into=tmp_path,
    )

    with missed(drill, "RPO missed"):
        test_data_loss.test_all_databases_are_lost(load, inject, follow, recovery, backups)


@pytest.mark.nightly
def test_a_restore_along_the_wrong_timeline_loses_orders(
    environment: Environment,
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    backups: Backups,
    tmp_path: Path,
) -> None:
    # From now on orders are written on a timeline that no backup was made on.
    (bastion,) = select(environment, "bastion")
    moved = bastion.run(
        ["patronictl", "switchover", "muster", "--force"], within=timedelta(seconds=60)
    )
    assert moved.exit_code == 0, moved.stderr
    drill.runbooks = with_change(
        drill.runbooks / "restore-from-near.md",
        "--delta restore",
        "--delta --target-timeline=current restore",
        into=tmp_path,
    )

    with missed(drill, "RPO missed"):
        test_data_loss.test_all_databases_are_lost(load, inject, follow, recovery, backups)


@pytest.mark.nightly
def test_a_table_that_is_not_copied_back_is_found(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(test_data_loss, "WATCH", timedelta(seconds=10))
    monkeypatch.setattr(
        test_data_loss, "TABLE_DROPPED", replace(test_data_loss.TABLE_DROPPED, rto_seconds=15)
    )
    drill.runbooks = without_step(
        drill.runbooks / "bring-a-table-back.md",
        "Copy the table back, in one transaction",
        then_stop=True,
        into=tmp_path,
    )

    with missed(drill, "RTO missed"):
        test_data_loss.test_a_table_is_dropped(load, inject, follow, recovery)


@pytest.mark.nightly
def test_rows_that_are_not_brought_back_are_found(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    tmp_path: Path,
) -> None:
    drill.runbooks = without_step(
        drill.runbooks / "bring-rows-back.md",
        "Bring back what the wrong rows said, and nothing else",
        then_stop=True,
        into=tmp_path,
    )

    with missed(drill, "RPO missed"):
        test_data_loss.test_rows_are_wrongly_changed(load, inject, follow, recovery)


@pytest.mark.nightly
def test_a_damaged_primary_that_is_kept_misses_the_rto(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(test_data_corruption, "WATCH", timedelta(seconds=20))
    monkeypatch.setattr(
        test_data_corruption,
        "ON_THE_PRIMARY",
        replace(test_data_corruption.ON_THE_PRIMARY, rto_seconds=15),
    )
    drill.runbooks = without_step(
        drill.runbooks / "fail-over-from-damage.md",
        "Hand over to the standby",
        then_stop=True,
        into=tmp_path,
    )

    with missed(drill, "RTO missed"):
        test_data_corruption.test_pages_of_the_primary_are_damaged(
            load, inject, follow, recovery
        )


@pytest.mark.nightly
def test_a_damaged_replica_that_is_kept_is_found(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    backups: Backups,
    tmp_path: Path,
) -> None:
    drill.runbooks = without_step(
        drill.runbooks / "rebuild-a-replica.md", "Rebuild it from the primary", into=tmp_path
    )

    with missed(drill, "the runbook does not work"):
        test_data_corruption.test_pages_of_a_replica_are_damaged(
            load, inject, follow, recovery, backups
        )


@pytest.mark.nightly
def test_a_damaged_backup_that_is_never_verified_is_found(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    backups: Backups,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(backups), "fall_due", lambda *_: None)
    monkeypatch.setattr(test_data_backups, "NOTICED_WITHIN", timedelta(seconds=5))

    with missed(drill, "nobody was told"):
        test_data_backups.test_a_backup_is_damaged(load, inject, follow, recovery, backups)


@pytest.mark.nightly
def test_an_archive_that_is_not_started_again_is_found(
    drill: Drill,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    tmp_path: Path,
) -> None:
    without_step(
        drill.runbooks / "archive-stopped.md",
        "Start the backup tool on the first database",
        into=tmp_path,
    )
    for other in ("second", "third"):
        drill.runbooks = without_step(
            tmp_path / "archive-stopped.md",
            f"Start the backup tool on the {other} database",
            into=tmp_path,
        )

    with missed(drill, "the runbook does not work"):
        test_data_backups.test_the_archive_stops(load, inject, follow, recovery)


@pytest.mark.nightly
@pytest.mark.settings(Settings(backups=True, checksums=False))
class TestPagesWithoutChecksums:
    def test_damage_that_nobody_sees_is_inconclusive(
        self,
        drill: Drill,
        load: Loads,
        inject: Injector,
        follow: Follower,
        recovery: RecoveryWatch,
        backups: Backups,
    ) -> None:
        with pytest.raises(InconclusiveError, match="not seen to take effect"):
            test_data_corruption.test_pages_of_a_replica_are_damaged(
                load, inject, follow, recovery, backups
            )

        assert drill.give_up(None).outcome is Outcome.INCONCLUSIVE


@pytest.mark.nightly
@pytest.mark.settings(Settings(backups=True, fresh_reads=False))
class TestReadsOfLaggingReplicas:
    def test_a_router_that_leads_readers_to_the_past_is_found(
        self,
        drill: Drill,
        load: Loads,
        inject: Injector,
        follow: Follower,
        recovery: RecoveryWatch,
        tmp_path: Path,
    ) -> None:
        drill.runbooks = without_step(
            drill.runbooks / "replica-lags.md",
            "Readers are led to one replica only",
            into=tmp_path,
        )

        with missed(drill, "Ten reads in a row"):
            test_data_backups.test_a_replica_falls_behind(load, inject, follow, recovery)
