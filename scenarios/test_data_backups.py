"""The backups themselves fail: one is not made, the archive stops, one is damaged, one lags.

We believe that each is noticed and said before anybody needs the backup: within twenty
seconds of the job that failed, of the segment that was not archived, of the verification
that found it. Customers notice nothing, and the pages put it right within minutes. A replica
that falls behind is read by nobody, so no read is older than it seems.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.backups import Backups
from fixtures.faults import DamageBackup, Lag, StopArchiving, StopBackups
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(backups=True)),
]

OBJECTIVES = Objectives(rto_seconds=5, rpo_seconds=0)
NOTICED_WITHIN = timedelta(seconds=20)
WATCH = timedelta(minutes=2)
UNTIL_THE_REPLICA_LAGS = timedelta(seconds=25)
CAUGHT_UP_WITHIN = timedelta(seconds=60)  # of the moment at which the way became slow
BEHIND = "bytes behind the primary"


@pytest.mark.requirement("FLT-20", "BKP-7")
def test_a_backup_fails(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch, backups: Backups
) -> None:
    """The hourly backup is refused; it is said, the cause is removed, and it is made up for."""
    with load.orders(), inject(StopBackups("east-backup"), mended_by_people=True):
        backups.fall_due("east-backup", "incr")
        recovery.must_be_noticed("incr backup failed", within=NOTICED_WITHIN)
        follow("backup-failed.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.requirement("FLT-20", "BKP-7")
def test_the_archive_stops(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """No more of the log reaches the archive; it is said, and the archive catches up."""
    with load.orders(), inject(StopArchiving("db"), mended_by_people=True):
        recovery.must_be_noticed("attempt to archive WAL failed", within=NOTICED_WITHIN)
        follow("archive-stopped.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.requirement("BKP-6", "BKP-7")
def test_a_backup_is_damaged(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch, backups: Backups
) -> None:
    """Files of the newest full backup rot; the nightly verification finds them."""
    with load.orders(), inject(DamageBackup("east-backup"), mended_by_people=True):
        backups.fall_due("east-backup", "verify")
        recovery.must_be_noticed("verification found damage", within=NOTICED_WITHIN)
        follow("backup-damaged.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.requirement("FLT-19")
def test_a_replica_falls_behind(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A replica gets the log too slowly; it is not read from until it has caught up."""
    slowly = Lag("db:replica", kilobits_per_second=100)
    with load.orders():
        with inject(slowly, hold=UNTIL_THE_REPLICA_LAGS):
            recovery.must_be_noticed(BEHIND, within=UNTIL_THE_REPLICA_LAGS)
            follow("replica-lags.md")
            recovery.wait(at_most=WATCH)
        recovery.must_be_over(BEHIND, within=CAUGHT_UP_WITHIN)
    recovery.must_meet(OBJECTIVES)
