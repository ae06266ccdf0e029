"""The volume of the instances' log lines is full, on all of them at once.

We believe that customers notice nothing, for as long as it lasts, for a log line is worth no
order; that the instances say what they lose within ten seconds; and that whoever is on call
makes room, after which they log again.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import FillDisk
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(bounded=True)),
]

OBJECTIVES = Objectives(rto_seconds=1, rpo_seconds=0)
NOTICED_WITHIN = timedelta(seconds=10)
HOLD = timedelta(seconds=10)  # until people come
WATCH = timedelta(minutes=1)
DISK = "/var/log/orders"


def test_the_volume_of_the_log_lines_is_full(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """No instance can log; all of them take orders and say so, and people make room."""
    with load.orders(), inject(FillDisk("app", DISK), hold=HOLD, mended_by_people=True):
        recovery.must_be_noticed("loses its log lines", within=NOTICED_WITHIN)
        recovery.wait(at_most=WATCH)
        follow("log-volume-full.md")
    recovery.must_meet(OBJECTIVES)
