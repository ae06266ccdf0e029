"""The way between the regions is cut, comes and goes, or is slow and narrow. Each is whole.

We believe that customers notice nothing, because orders wait for a standby in their own region
alone, that people leave everything as it is with regions-apart.md in hand, that somebody is
told that there is no copy outside the region, and that the copy catches up by itself.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from environments.model import Direction
from fixtures.faults import Fault, Lag, Partition, Slow
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-3", "FLT-19", "STK-2"),
    pytest.mark.settings(Settings(second_region=True)),
]

OBJECTIVES = Objectives(rto_seconds=1, rpo_seconds=0, p95_seconds=0.5)
HOLD = timedelta(seconds=30)
WATCH = timedelta(minutes=2)
FLAPS, FLAP = 5, timedelta(seconds=3)


@pytest.mark.parametrize("direction", list(Direction))
def test_the_regions_are_parted(
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    direction: Direction,
) -> None:
    """The way between the regions loses everything; customers stay where they are."""
    parted = Partition("links", "*@west", direction)
    with load.orders(), inject(parted, hold=HOLD):
        recovery.must_be_noticed("not streaming", within=HOLD)
        follow("regions-apart.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


def test_the_way_between_the_regions_flaps(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The way between the regions comes and goes; the copy is in step in the end."""
    with load.orders():
        for _ in range(FLAPS):
            with inject(Partition("links", "*@west"), hold=FLAP):
                pass
        follow("regions-apart.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.parametrize(
    "narrow",
    [
        Slow("west-to-east-db", timedelta(milliseconds=150), timedelta(milliseconds=50)),
        Lag("db@west", kilobits_per_second=64, from_="links"),
    ],
    ids=["slow", "narrow"],
)
def test_the_regions_are_far_apart(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch, narrow: Fault
) -> None:
    """The way between the regions is slow, or narrow; the copy is late, not they."""
    with load.orders(), inject(narrow, hold=HOLD):
        if isinstance(narrow, Lag):  # what is merely slow keeps up
            recovery.must_be_noticed("bytes behind the primary", within=HOLD)
        follow("regions-apart.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
