"""A node has no memory left, and the kernel ends its largest process.

We believe that an instance whose service is ended, because it leaks or because something
beside it takes all memory, is missed by nobody for longer than five seconds: its siblings
carry the traffic until people have rolled the release back, or ended what takes the memory,
and started it again. Of the primary's node Patroni is the largest process. Its PostgreSQL goes
on without a lease, which nobody is led to any more, and a standby takes over within 40 seconds,
twenty of which are that lease. No acknowledged order is lost.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import Leak, TakeMemory
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(bounded=True)),
]

INSTANCE = Objectives(rto_seconds=5, rpo_seconds=0)
PRIMARY = Objectives(rto_seconds=40, rpo_seconds=0)
WATCH = timedelta(minutes=1)


@pytest.mark.requirement("FLT-5", "FLT-9")
def test_an_instance_leaks_until_the_kernel_ends_it(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """One instance leaks and is killed; people roll its release back and start it again."""
    with load.orders(), inject(Leak("east-app-2"), mended_by_people=True):
        recovery.wait(at_most=WATCH)
        follow("memory-leak.md")
    recovery.must_meet(INSTANCE)


def test_a_neighbour_takes_the_memory_of_an_instance(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A job takes the memory of one instance, whose service is killed; people end the job."""
    with load.orders(), inject(TakeMemory("east-app-2"), mended_by_people=True):
        recovery.wait(at_most=WATCH)
        follow("memory-taken.md")
    recovery.must_meet(INSTANCE)


@pytest.mark.requirement("FLT-11")
def test_a_neighbour_takes_the_memory_of_the_primary(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A job takes the memory of the primary, whose Patroni is killed; a standby takes over."""
    with load.orders(), inject(TakeMemory("db:primary"), mended_by_people=True):
        recovery.wait(at_most=WATCH)
        follow("memory-taken-database.md")
    recovery.must_meet(PRIMARY)
