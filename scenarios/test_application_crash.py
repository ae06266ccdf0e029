"""The orders application crashes: one instance, then all of them.

We believe that customers hardly notice one instance that dies, because the edge sends
their orders to the others at once, and that whoever is on call, with restart-orders.md in
hand, brings the service back within half a minute when all have died. Orders live in the
database, so none that was acknowledged is lost with the instances.
"""

from datetime import timedelta

import pytest

from fixtures.faults import Kill
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-9", "OBJ-1", "OBJ-2")]

ONE_DIES = Objectives(rto_seconds=5, rpo_seconds=0)
ALL_DIE = Objectives(rto_seconds=30, rpo_seconds=0)
HOLD = timedelta(seconds=10)  # longer than every time-out between customers and instances
WATCH = timedelta(minutes=1)


def test_one_application_instance_crashes(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """One instance of the application crashes."""
    with load.orders(users=20), inject(Kill("east-app-2"), hold=HOLD):
        recovery.wait(at_most=WATCH)
        follow("restart-orders.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(ONE_DIES)


def test_all_application_instances_crash(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """Every instance of the application crashes at once."""
    with load.orders(users=20), inject(Kill("app@east"), hold=HOLD):
        follow("restart-orders.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(ALL_DIE)
