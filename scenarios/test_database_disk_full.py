"""The disk of the primary's log is full, and the primary stops.

We believe that Patroni promotes a standby, whose disk has room, so that customers order again
within 20 seconds and lose nothing, before anybody comes; the page then makes room on the full
disk and brings the old primary back. Nobody deletes the log itself.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import FillLogDisk
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(bounded=True)),
]

OBJECTIVES = Objectives(rto_seconds=20, rpo_seconds=0)
WATCH = timedelta(minutes=2)


def test_the_disk_of_the_log_is_full(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The primary finds no room for its log; a standby takes over, and people make room."""
    with load.orders(), inject(FillLogDisk("db:primary"), mended_by_people=True):
        recovery.wait(at_most=WATCH)
        follow("log-disk-full.md")
    recovery.must_meet(OBJECTIVES)
