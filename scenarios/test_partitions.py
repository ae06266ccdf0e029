"""The network parts, in every shape.

We believe that in no shape an acknowledged order is lost: an order is acknowledged when a
standby has it too, and a primary without the majority of the consensus store stops within its
lease of 20 seconds. Where the majority keeps the primary, but customers cannot reach it, the
cluster sees nothing amiss; people move it, with primary-out-of-reach.md. Where a node's network
comes and goes, people move the primary off that node, with flapping-network.md. Where only some
packets are lost, orders take longer and nobody needs to do anything.
"""

from datetime import timedelta

import pytest

from environments.model import Direction, Environment
from environments.selectors import select
from fixtures.drill import Drill
from fixtures.faults import LosePackets, Partition
from fixtures.random_partitions import random_partitions
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-3", "OBJ-1", "OBJ-2")]

# The lease, an election, and what routers and pools need to notice.
BY_ITSELF = Objectives(rto_seconds=45, rpo_seconds=0)
BY_HAND = Objectives(rto_seconds=30, rpo_seconds=0)
# Each flap soon ends by itself and costs some seconds again: only the share of all orders
# tells whether the primary was moved after the first.
FLAPPING = Objectives(rto_seconds=30, rpo_seconds=0, availability=0.72)
# What is lost is sent again after 0.2 s and more, and an order waits for a standby's word.
LOSSY = Objectives(rto_seconds=5, rpo_seconds=0, p95_seconds=1)
# The longest is held for 25 s, and a shape may leave customers nobody who serves them.
RANDOM = Objectives(rto_seconds=60, rpo_seconds=0)
HOLD = timedelta(seconds=30)  # longer than the lease
WATCH = timedelta(minutes=3)
# Longer than every time-out between databases and their consensus store, not than the lease.
FLAP, FLAPS = timedelta(seconds=6), 6
RANDOM_HOLDS = [timedelta(seconds=seconds) for seconds in (25, 6, 6, 6, 6, 6, 6, 6, 6, 25)]
RANDOM_AMONG = "app,links,db-router,db,etcd"


def test_the_primary_is_with_a_minority(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The primary and one member of the consensus store are parted from the others."""
    minority = Partition("db:primary,east-etcd-1", "db,etcd")
    with load.orders(users=20), inject(minority, hold=HOLD):
        follow("isolated-primary.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_ITSELF)


def test_the_primary_has_the_majority_and_no_customers(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The primary keeps its cluster, but the application and the router do not reach it."""
    without_customers = Partition("db:primary", "db-router,app,links")
    with load.orders(users=20), inject(without_customers, hold=HOLD):
        follow("primary-out-of-reach.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_HAND)


@pytest.mark.parametrize("direction", [Direction.INBOUND, Direction.OUTBOUND])
def test_packets_of_the_primary_are_lost_one_way(
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    direction: Direction,
) -> None:
    """The primary hears its cluster and is not heard, or is heard and hears nothing."""
    one_way = Partition("db:primary", "db,etcd", direction)
    with load.orders(users=20), inject(one_way, hold=HOLD):
        follow("isolated-primary.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_ITSELF)


def test_some_packets_between_the_databases_are_lost(
    load: Loads, inject: Injector, recovery: RecoveryWatch
) -> None:
    """One packet in twenty between the primary and the others is lost, either way."""
    with load.orders(), inject(LosePackets("db:primary", "db,etcd", percent=5), hold=HOLD):
        recovery.wait(at_most=WATCH)
    recovery.must_meet(LOSSY)


def test_the_network_of_the_primary_flaps(
    environment: Environment,
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """The primary is cut off for some seconds, again and again; people move it after once."""
    with load.orders(users=20):
        (node,) = select(environment, "db:primary")
        with inject(Partition(node.name, "db,etcd"), hold=FLAP):
            pass
        follow("flapping-network.md")
        for _ in range(FLAPS - 1):
            with inject(Partition(node.name, "db,etcd"), hold=FLAP):
                pass
        recovery.wait(at_most=WATCH)
    recovery.must_meet(FLAPPING)


def test_ten_partitions_of_random_shape(
    drill: Drill,
    environment: Environment,
    load: Loads,
    inject: Injector,
    recovery: RecoveryWatch,
) -> None:
    """Ten times the network parts at random, between any nodes and in any direction."""
    shapes = random_partitions(
        environment, RANDOM_AMONG, drawn_from=drill.seed, count=len(RANDOM_HOLDS)
    )
    drill.say(f"the shapes are those of --seed {drill.seed}")
    with load.orders(users=20):
        for shape, hold in zip(shapes, RANDOM_HOLDS, strict=True):
            with inject(shape, hold=hold):
                pass
            recovery.wait(at_most=WATCH)
    recovery.must_meet(RANDOM)
