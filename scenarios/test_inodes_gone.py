"""The disk of the primary's data can hold no file more, though it has room.

We believe that customers notice nothing until the next checkpoint, which would end the primary;
and that whoever is on call removes the files that do not belong there before that, after which
a checkpoint does no harm.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import TakeInodes
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(bounded=True)),
]

OBJECTIVES = Objectives(rto_seconds=1, rpo_seconds=0)
HOLD = timedelta(seconds=10)  # until people come
WATCH = timedelta(minutes=1)
DISK = "/var/lib/muster/postgres"


def test_the_inodes_of_the_data_are_gone(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """Small files use up the primary's disk; people remove them before a checkpoint comes."""
    taken = TakeInodes("db:primary", DISK)
    with load.orders(), inject(taken, hold=HOLD, mended_by_people=True):
        recovery.wait(at_most=WATCH)
        follow("inodes-gone.md")
    recovery.must_meet(OBJECTIVES)
