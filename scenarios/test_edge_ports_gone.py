"""A program at customers' entrance takes every port that a connection could begin at.

We believe that the entrance then reaches no instance, though all of them are well; that whoever
is on call finds the program by the sockets that it holds, ends it, and so gives customers their
orders back within 20 seconds; and that no acknowledged order is lost.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import TakePorts
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(bounded=True)),
]

OBJECTIVES = Objectives(rto_seconds=20, rpo_seconds=0)
WATCH = timedelta(minutes=1)


def test_the_ports_of_the_entrance_are_gone(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The entrance cannot connect to anybody; people end what holds its ports."""
    with load.orders(), inject(TakePorts("edge"), mended_by_people=True):
        follow("edge-ports-gone.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
