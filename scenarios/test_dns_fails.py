"""DNS does not answer the hosts on the way of an order: entrance, instances, links, router.

We believe that customers do not notice: whatever lives long goes on with the addresses and
connections that it has, and keeps the last address that it was given for as long as DNS is
silent. What starts anew finds nothing, so an instance that crashes meanwhile stays out until
DNS is back. dns-fails.md keeps people from making it worse by restarting things.
"""

from datetime import timedelta

import pytest

from fixtures.faults import Kill, LoseDns
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("OBJ-1", "OBJ-2")]

# What breaks meanwhile is not made again: seconds, until the edge has an instance out of
# rotation. Payments wait for DNS.
OBJECTIVES = Objectives(rto_seconds=10, rpo_seconds=0, unsettled=0)
# Whoever forgot an address after a minute of silence would show it.
HOLD = timedelta(seconds=75)
WATCH = timedelta(minutes=2)
NOTICED_WITHIN = timedelta(seconds=10)


def test_dns_fails_and_an_instance_crashes(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """DNS is silent on the way of an order, and an instance must start anew meanwhile."""
    silent = LoseDns("edge@east,app@east,links,db-router@east")
    with load.orders(users=20), inject(silent, hold=HOLD):
        follow("dns-fails.md")
        with inject(Kill("app@east-c")):
            pass  # and it is started again, where no name is known
        recovery.wait(at_most=WATCH)
        recovery.must_be_noticed("2 of 3 instances are in rotation", within=NOTICED_WITHIN)
    recovery.must_meet(OBJECTIVES)
