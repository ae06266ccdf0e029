"""We lose the whole region that customers are served from.

We believe that whoever is on call, with region-failover.md in hand, gives customers their
orders back in the other region within a minute of the decision, that no more than the orders
of the last two seconds are lost, because the copy there is that far behind at the most, and
that the lost region does no harm when it comes back, whether it was dead or only cut off: it
is fenced, so it gets neither customers nor a primary of its own. Then it is made to follow,
and customers go back in a planned move that refuses orders for some seconds and loses none.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import Kill, Partition
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-2", "FLT-12", "STK-2", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(second_region=True)),
]

# What the copy never got is gone: who had it in hand reads less than before.
OBJECTIVES = Objectives(rto_seconds=60, rpo_seconds=2, stale_reads=None)
RATE = 25  # orders per second: two regions share the processors of one host here
BEFOREHAND = timedelta(seconds=6)  # three times what may be lost
WATCH = timedelta(minutes=3)
ELSEWHERE = "*@west,links,entrance,bastion,payments"


def test_the_region_is_lost_and_comes_back(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """Every node of the customers' region dies at once; it comes back, and so do they."""
    with load.orders(attempts_per_second=RATE, beforehand=BEFOREHAND):
        with inject(Kill("*@east")):
            follow("region-failover.md")
            recovery.wait(at_most=WATCH)
        follow("region-comes-back.md")
        follow("region-failback.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.requirement("FLT-3")
def test_the_region_is_cut_off_and_comes_back(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The customers' region is cut off from all else and lives on; it comes back alive."""
    with load.orders(attempts_per_second=RATE, beforehand=BEFOREHAND):
        with inject(Partition("*@east", ELSEWHERE)):
            follow("region-failover.md")
            recovery.wait(at_most=WATCH)
        follow("region-comes-back.md")
        follow("region-failback.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
