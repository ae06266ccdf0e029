"""A reporting tool leaks connections until the database has none left for the service.

We believe that whoever is on call finds out who holds them through the few that are kept for
superusers, limits that role so that its leak cannot come back, ends its sessions, and so gives
customers their writes back within 40 seconds, up to fifteen of which the tool needs to take
them all; and that no acknowledged order is lost.
"""

from datetime import timedelta

import pytest

from fixtures.faults import TakeConnections
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-8", "FLT-17", "OBJ-1", "OBJ-2")]

OBJECTIVES = Objectives(rto_seconds=40, rpo_seconds=0)
HOLD = timedelta(seconds=15)  # long enough for the leak to come back, if it can
WATCH = timedelta(minutes=2)


def test_the_connections_of_the_database_are_exhausted(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A tool takes every connection; people limit it, and the service connects again."""
    with load.orders(users=20), inject(TakeConnections("db:primary"), hold=HOLD):
        follow("db-connections-exhausted.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
