"""A bad release crashes a second after each start: on one instance, then on all.

Where the supervisor starts whatever died, nothing ends the loop by itself. We believe that the
edge hides most of what one instance's deaths do: of its customers only those are dropped whose
orders it has in hand when it dies, since no order is sent a second time for them. What ends
the loop is the page: it takes the instances out of rotation, stops them, rolls the release
back, and starts them once. No acknowledged order is lost: orders live in the database.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import CrashLoop
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-9", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(restarts=True)),
]

# Drops come every few seconds, so the time until the loop is stopped is one outage.
ONE_LOOPS = Objectives(rto_seconds=40, rpo_seconds=0, availability=0.98)
ALL_LOOP = Objectives(rto_seconds=60, rpo_seconds=0)
WATCH = timedelta(minutes=1)


def test_one_instance_crashes_again_and_again(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """One instance of the application crashes soon after each start."""
    with load.orders(users=20), inject(CrashLoop("east-app-2"), mended_by_people=True):
        follow("crash-loop.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(ONE_LOOPS)


def test_all_instances_crash_again_and_again(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """Every instance of the application crashes soon after each start."""
    with load.orders(users=20), inject(CrashLoop("app@east"), mended_by_people=True):
        follow("crash-loop.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(ALL_LOOP)
