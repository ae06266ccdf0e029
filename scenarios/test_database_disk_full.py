"""The disk of the primary's log is full, and the primary stops.

We believe that Patroni promotes a standby, whose disk has room, so that customers order again
within 45 seconds and lose nothing; the page then makes room on the full disk and brings the
old primary back. Nobody deletes the log itself.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import FillLogDisk
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2")]

OBJECTIVES = Objectives(rto_seconds=45, rpo_seconds=0)
WATCH = timedelta(minutes=2)


@pytest.fixture
def settings() -> Settings:
    return Settings(log_disk=True)


def test_the_disk_of_the_log_is_full(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The primary finds no room for its log; people make room and it follows the new one."""
    with load.orders(), inject(FillLogDisk("db:primary")):
        follow("log-disk-full.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
