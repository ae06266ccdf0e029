"""The database is slow for a moment, under full load, and the service falls with it.

We believe that a service without protections does not come back by itself when the
database does: every call that was given up on is made again at once, on a connection that
must be made anew, and instance after instance fails its health check and leaves rotation,
which puts its load on the others. Whoever is on call, with cascade.md in hand, sheds load,
breaks the loop and lets customers in again within two and a half minutes. A service with
its protections on (load is shed, retries have a budget, time limits are kept, health is
asked apart) is back as soon as the database is, and nobody needs to do anything.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import Slow
from fixtures.host_speed import slowness
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-7", "OBJ-1", "OBJ-2")]

BY_PEOPLE = Objectives(rto_seconds=150, rpo_seconds=0)
BY_ITSELF = Objectives(rto_seconds=20, rpo_seconds=0)
STORM = 50  # orders per second
# Half as much again as the storm takes while all is well, which is less on a faster host. An
# instance that is overloaded must run out of its own processors, and not starve the databases
# of a host that they share here.
INSTANCE_CPUS = round(0.18 * slowness(), 2)
SLOW = Slow("app-to-db", by=timedelta(milliseconds=600))
TRIGGER = timedelta(seconds=8)  # how long the database is slow
ALONE = timedelta(seconds=15)  # how long we look whether the service comes back by itself
WATCH = timedelta(minutes=2)
SOON = timedelta(seconds=10)


@pytest.mark.settings(Settings(protections=False, instance_cpus=INSTANCE_CPUS))
def test_a_cascade_without_protections_is_ended_by_people(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A slow database starts a cascade in a service without protections."""
    with load.orders(attempts_per_second=STORM):
        with inject(SLOW, hold=TRIGGER):
            recovery.must_be_noticed("instances are in rotation", within=TRIGGER + SOON)
        recovery.wait(at_most=ALONE)
        recovery.must_be_noticed("instances are in rotation", within=SOON)
        follow("cascade.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_PEOPLE)


@pytest.mark.settings(Settings(instance_cpus=INSTANCE_CPUS))
def test_with_protections_the_same_trigger_starts_no_cascade(
    load: Loads, inject: Injector, recovery: RecoveryWatch
) -> None:
    """The database is slow for a moment, and the service protects itself."""
    with load.orders(attempts_per_second=STORM):
        with inject(SLOW, hold=TRIGGER):
            pass  # nobody does anything
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_ITSELF)
