"""Nobody needs a backup; people need a restore.

We believe that every kind of backup from every repository can be restored within half a
minute on an empty node, that every page and index of the copy is sound, and that it has
every order that was acknowledged before the backup began, and none from after its end.
"""

import pytest

from environments.catalog import Settings
from fixtures.backups import Backups
from fixtures.steps import Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.restore,
    pytest.mark.requirement("BKP-6", "BKP-8"),
    pytest.mark.settings(Settings(backups=True)),
]

OBJECTIVES = Objectives(rto_seconds=30, rpo_seconds=0)
KINDS = ("full", "diff", "incr")


def test_every_backup_of_the_near_repository_can_be_restored(
    load: Loads, backups: Backups, recovery: RecoveryWatch
) -> None:
    """A full, a differential and an incremental backup of the near repository are restored."""
    with load.orders():
        for kind in KINDS:
            backups.prove("east-backup", kind)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.requirement("BKP-4")
def test_every_backup_of_the_offsite_repository_can_be_restored(
    load: Loads, backups: Backups, recovery: RecoveryWatch
) -> None:
    """A full, a differential and an incremental backup of the off-site one are restored."""
    with load.orders():
        for kind in KINDS:
            backups.prove("west-backup", kind)
    recovery.must_meet(OBJECTIVES)
