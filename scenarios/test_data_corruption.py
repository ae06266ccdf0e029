"""Pages of the database are damaged on disk: on a replica, on the primary, on all three.

We believe that a damaged replica is found and rebuilt without customers noticing; that a
damaged primary is handed over from within a minute and a half; and that damage to all three
is restored from the near repository within four minutes. No acknowledged order is lost in
any of them: the primary sends the end of its log to the archive when it is stopped.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.backups import Backups
from fixtures.faults import DamagePages
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-1", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(backups=True)),
]

ON_A_REPLICA = Objectives(rto_seconds=5, rpo_seconds=0)
ON_THE_PRIMARY = Objectives(rto_seconds=90, rpo_seconds=0)
ON_ALL = Objectives(rto_seconds=240, rpo_seconds=0)
WATCH = timedelta(minutes=5)
UNIQUE_KEYS = "orders_key_key"  # every order is looked up in it
# The first page: nobody writes there any more once its orders are paid. A replica that had
# to apply the log to a damaged page would stop at once, and nobody would have to find it.
OLD_ORDERS = ("orders", 1)
UNTIL_ORDERS_ARE_OLD = timedelta(seconds=10)


def test_pages_of_a_replica_are_damaged(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch, backups: Backups
) -> None:
    """Orders of a while ago are damaged on a replica; people find it and rebuild it."""
    with load.orders():
        backups.wait_until_archived(orders_of=UNTIL_ORDERS_ARE_OLD)
        with inject(DamagePages("db:replica", *OLD_ORDERS), mended_by_people=True):
            follow("rebuild-a-replica.md")
            recovery.wait(at_most=WATCH)
    recovery.must_meet(ON_A_REPLICA)


def test_pages_of_the_primary_are_damaged(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """An index of the primary is damaged and no order can be taken; people fail over."""
    with load.orders(), inject(DamagePages("db:primary", UNIQUE_KEYS), mended_by_people=True):
        follow("fail-over-from-damage.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(ON_THE_PRIMARY)


def test_pages_of_all_databases_are_damaged(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch, backups: Backups
) -> None:
    """The same orders are damaged on all three databases; people restore from a backup."""
    with load.orders():
        backups.wait_until_archived(orders_of=UNTIL_ORDERS_ARE_OLD)
        with inject(DamagePages("db", *OLD_ORDERS), mended_by_people=True):
            follow("restore-from-near.md")
            recovery.wait(at_most=WATCH)
    recovery.must_meet(ON_ALL)
