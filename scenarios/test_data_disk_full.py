"""The disk of the primary's data is full, and the primary goes on being the primary.

We believe that orders fail with nobody taking over, that whoever is on call sees which database
has room, switches over to it, and so gives customers their writes back within 40 seconds, and
that nothing acknowledged is lost; the page then makes room and brings the old primary back.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import FillDataDisk
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(bounded=True)),
]

OBJECTIVES = Objectives(rto_seconds=40, rpo_seconds=0)
WATCH = timedelta(minutes=2)


def test_the_disk_of_the_data_is_full(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """No order finds room; people switch over to a database that has some."""
    with load.orders(), inject(FillDataDisk("db:primary"), mended_by_people=True):
        follow("data-disk-full.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
