"""Something on the primary's node forks until no process is left.

We believe that nothing fails over by itself, since a lease is renewed without a new process,
while neither the database nor Patroni can answer anybody new; that nobody can log in there; and
that whoever is on call, with no-process-left.md in hand, has customers order again within 30
seconds: Patroni is ended by its supervisor, which needs no new process for that, and a standby
takes over with every acknowledged order.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import TakeProcesses
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-8", "FLT-11", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(bounded=True)),
]

OBJECTIVES = Objectives(rto_seconds=30, rpo_seconds=0)
SOON = timedelta(seconds=15)
WATCH = timedelta(minutes=1)


def test_the_primary_has_no_process_left(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A job takes every process of the primary; people stop its Patroni from outside."""
    with load.orders(), inject(TakeProcesses("db:primary"), mended_by_people=True):
        recovery.must_be_noticed("leads writers to nobody", within=SOON)
        follow("no-process-left.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
