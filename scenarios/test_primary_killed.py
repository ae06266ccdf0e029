"""We lose the primary database without warning.

We believe that Patroni heals it by itself within 40 seconds, twenty of which are the lease
that the lost primary still holds; and that during maintenance, when automatic failover is
switched off, whoever is on call gives customers their writes back within a minute with
promote-standby.md in hand. No acknowledged order is lost either way, because an order is
acknowledged only when a standby has it too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from environments.model import Environment, WorldError
from environments.selectors import select
from fixtures.faults import Kill
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-11", "OBJ-1", "OBJ-2")]

BY_HAND = Objectives(rto_seconds=60, rpo_seconds=0)
LEFT_ALONE = Objectives(rto_seconds=40, rpo_seconds=0)
WATCH = timedelta(minutes=3)


@contextmanager
def maintenance(environment: Environment) -> Iterator[None]:
    """Automatic failover is off, as while people work on the cluster."""
    (bastion,) = select(environment, "bastion")
    within = timedelta(seconds=20)
    paused = bastion.run(["patronictl", "pause", "--wait", "muster"], within=within)
    if paused.exit_code != 0:
        raise WorldError(f"automatic failover could not be switched off: {paused.stderr}")
    try:
        yield
    except BaseException:
        # The page switches it on again, or the steady state says that it did not.
        bastion.run(["patronictl", "resume", "--wait", "muster"], within=within)
        raise


def test_the_primary_is_killed_in_maintenance(
    environment: Environment,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """The primary database dies while automatic failover is off; people promote a standby."""
    with load.orders(users=20), maintenance(environment), inject(Kill("db:primary")):
        follow("promote-standby.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_HAND)


def test_the_primary_is_killed_and_left_alone(
    load: Loads, inject: Injector, recovery: RecoveryWatch
) -> None:
    """The primary database dies and nobody does anything; the cluster heals by itself."""
    with load.orders(users=20), inject(Kill("db:primary")):
        recovery.wait(at_most=WATCH)
    recovery.must_meet(LEFT_ALONE)
