"""An instance of the application has no file descriptor left for whoever connects.

We believe that the edge's checks, which connect anew, take it out of rotation within two
seconds, so that nobody goes unserved for longer than five; and that a restart, by
no-descriptor-left.md, brings it back.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import TakeDescriptors
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(bounded=True)),
]

OBJECTIVES = Objectives(rto_seconds=5, rpo_seconds=0)
SOON = timedelta(seconds=10)
WATCH = timedelta(minutes=1)


def test_an_instance_has_no_descriptor_left(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """One instance cannot take a new connection; people restart it."""
    with load.orders(), inject(TakeDescriptors("east-app-2"), mended_by_people=True):
        recovery.must_be_noticed("2 of 3 instances are in rotation", within=SOON)
        follow("no-descriptor-left.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
