"""Something beside the service takes all the processor time that its node may have.

We believe that an instance which gets none is left alone by the edge as soon as it is late, so
that customers hardly notice before people take it out and end what starves it; and that a
primary which gets none goes on renewing its lease, so that nobody takes over: customers order
again, every one of them, within 45 seconds, since people end what starves it.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import TakeCpu
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-8", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(bounded=True)),
]

INSTANCE = Objectives(rto_seconds=10, rpo_seconds=0)
PRIMARY = Objectives(rto_seconds=45, rpo_seconds=0)
MANY = 64  # so that they are more than the sessions of the database together
WATCH = timedelta(minutes=1)


def test_an_instance_gets_no_processor_time(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A job takes the processors of one instance; people take it out and end the job."""
    with load.orders(), inject(TakeCpu("east-app-2"), mended_by_people=True):
        follow("instance-starved.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(INSTANCE)


def test_the_primary_gets_no_processor_time(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A job takes the processors of the primary; people end the job."""
    with load.orders(), inject(TakeCpu("db:primary", burners=MANY), mended_by_people=True):
        follow("primary-starved.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(PRIMARY)
