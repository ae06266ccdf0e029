"""The disk under the primary takes two writes a second, and the primary goes on being it.

We believe that orders time out with nobody taking over, for nothing has failed; that whoever is
on call times a write on each database, takes the slow one out, and so gives customers their
writes back within a minute, twenty seconds of which its lease takes to end; that nothing
acknowledged is lost; and that the database comes back once its disk is replaced.

This world has its data on the engine's disk: a disk in memory cannot be slowed.
"""

from datetime import timedelta

import pytest

from fixtures.faults import SlowDisk
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2")]

OBJECTIVES = Objectives(rto_seconds=60, rpo_seconds=0)
WATCH = timedelta(minutes=2)


def test_the_disk_of_the_primary_is_slow(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """Each write waits for the disk; people take the database out until it has another one."""
    with load.orders():
        with inject(SlowDisk("db:primary", writes_per_second=2)):
            follow("slow-disk.md")
            recovery.wait(at_most=WATCH)
        follow("slow-disk-replaced.md")
    recovery.must_meet(OBJECTIVES)
