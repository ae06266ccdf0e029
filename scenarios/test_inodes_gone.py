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
WATCH = timedelta(minutes=2)
DISK = "/var/lib/muster/postgres"


def test_the_inodes_of_the_data_are_gone(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """Small files use up the primary's disk; people remove them before a checkpoint comes."""
    with load.orders(), inject(TakeInodes("db:primary", DISK), mended_by_people=True):
        follow("inodes-gone.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
