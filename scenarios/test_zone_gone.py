"""An availability zone is lost at once: a third of everything that there is three of.

We believe that a majority stays of the databases and of the consensus store, and two of three
instances, so that the region heals by itself within 40 seconds although the primary was in
that zone, and loses no acknowledged order. zone-gone.md makes sure of it, and says what must
not be lost next.

The first zone is not drilled here: the entrance and the way to the databases stand there, one
of each. Who loses that zone has lost the region, and moves customers to the other one.
"""

from datetime import timedelta

import pytest

from environments.model import Environment, UnknownNameError, WorldError
from environments.selectors import select
from fixtures.faults import Kill
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from fixtures.waiting import wait_until
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-14", "OBJ-1", "OBJ-2")]

OBJECTIVES = Objectives(rto_seconds=40, rpo_seconds=0)
HOLD = timedelta(seconds=30)  # longer than the lease
WATCH = timedelta(minutes=3)
MOVED_WITHIN = timedelta(seconds=30)
FIRST_ZONE = "east-a"
LOST = "*@{zone}"


def zone_of_the_primary(environment: Environment) -> str:
    """Give the zone where the primary is; out of the first one it is moved, in order."""
    (primary,) = select(environment, "db:primary")
    if primary.zone == FIRST_ZONE:
        move_the_primary(environment)
    return wait_until(
        "the primary to be in another zone than the first",
        lambda: zone_now(environment),
        at_most=MOVED_WITHIN,
    )


def move_the_primary(environment: Environment) -> None:
    (bastion,) = select(environment, "bastion")
    moved = bastion.run(["patronictl", "switchover", "muster", "--force"], within=MOVED_WITHIN)
    if moved.exit_code != 0:
        raise WorldError(f"the primary could not be moved: {moved.stdout}{moved.stderr}")


def zone_now(environment: Environment) -> str:
    """Give the zone of the primary; "" while there is none, or in the first zone."""
    try:
        (primary,) = select(environment, "db:primary")
    except UnknownNameError:
        return ""
    return "" if primary.zone == FIRST_ZONE else primary.zone


def test_the_zone_of_the_primary_is_gone(
    environment: Environment,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """A zone is gone: the primary, an instance, and a member of the consensus store."""
    lost = Kill(LOST.format(zone=zone_of_the_primary(environment)))
    with load.orders(users=20), inject(lost, hold=HOLD):
        follow("zone-gone.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
