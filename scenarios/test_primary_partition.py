"""The primary database is cut off from everyone else, and does not know it.

We believe that the isolated primary acknowledges no order that is later gone: it waits for
a standby that it cannot reach, and steps down when it cannot renew its lease. The others
elect a new primary when the lease runs out, so customers order again within 45 seconds.
That holds whether or not customers can still reach the old primary. Whoever is on call
makes sure of it with isolated-primary.md.
"""

from datetime import timedelta

import pytest

from fixtures.faults import Partition
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-3", "OBJ-1", "OBJ-2")]

OBJECTIVES = Objectives(rto_seconds=45, rpo_seconds=0)
HOLD = timedelta(seconds=30)
WATCH = timedelta(minutes=3)


def test_partition_of_the_primary_from_everyone(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The primary database is cut off from everyone, customers included."""
    with load.orders(users=20), inject(Partition("db:primary", "*"), hold=HOLD):
        follow("isolated-primary.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


def test_partition_of_the_primary_that_customers_still_reach(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The primary database is cut off from its cluster; customers still reach it."""
    with load.orders(users=20), inject(Partition("db:primary", "etcd,db"), hold=HOLD):
        follow("isolated-primary.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
