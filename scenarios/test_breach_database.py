"""The database credential of the orders service leaks, and an intruder uses it.

We believe that the stack notices it within ten seconds, by what the intruder cannot help: its
session is claimed by no instance, and it changes what the service never changes. Within a
minute people have replaced the login while customers go on ordering, and cut the sessions of
the one that leaked; no attempt of the intruder succeeds after that. What it changed, deleted
and forged is put back by the audit trail, which cannot be quietly edited: no order is lost,
altered or made up.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import UseLeakedCredential
from fixtures.intrusion import Intrusion
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import BreachObjectives, Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-4", "CFG-2", "SEC-4", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(secured=True)),
]

# Whose order the intruder deletes sees it gone until it is put back.
BREACH = Objectives(
    rto_seconds=5,
    rpo_seconds=0,
    availability=0.99,
    stale_reads=None,
    breach=BreachObjectives(detect_seconds=10, shut_out_seconds=60),
)
NOTICED_WITHIN = timedelta(seconds=10)
WATCH = timedelta(minutes=2)


def test_an_intruder_uses_the_database_credential(
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    intrusion: Intrusion,
) -> None:
    """The service's database credential leaks; an intruder changes orders, and is shut out."""
    with (
        intrusion.watched(),
        load.orders(),
        inject(UseLeakedCredential("intruder-inside"), mended_by_people=True),
    ):
        intrusion.must_be_detected(within=NOTICED_WITHIN)
        told = follow("breach-database.md")
        intrusion.is_out()
        recovery.wait(at_most=WATCH)
        intrusion.keep("east-audit", told.get("TRAIL"))
        intrusion.keep("bastion", told.get("SESSIONS"))
    recovery.must_meet(BREACH)
