"""A customer's token leaks, and an intruder outside orders with it in the customer's name.

We believe that the stack notices within ten seconds that a token is used from elsewhere than
it was issued to; that within a minute people have taken it back, after which no attempt
succeeds, while the customer's own session goes on; and that every order which the intruder made
is found by the audit trail and taken back: the customer has what the customer ordered.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import UseLeakedToken
from fixtures.intrusion import Intrusion
from fixtures.logins import Logins
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import BreachObjectives, Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-4", "SEC-4", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(secured=True)),
]

BREACH = Objectives(
    rto_seconds=5,
    rpo_seconds=0,
    breach=BreachObjectives(detect_seconds=10, shut_out_seconds=60),
)
NOTICED_WITHIN = timedelta(seconds=10)
HOLD = timedelta(seconds=40)  # so that it still tries when it is said to be out
WATCH = timedelta(minutes=1)


def test_an_intruder_orders_with_a_leaked_token(
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    intrusion: Intrusion,
    logins: Logins,
) -> None:
    """A customer's token leaks; an intruder orders with it, and is shut out."""
    with intrusion.watched(), load.orders(users=20):
        logins.leak_token(to="intruder-outside")
        with inject(UseLeakedToken("intruder-outside"), hold=HOLD, mended_by_people=True):
            intrusion.must_be_detected(within=NOTICED_WITHIN)
            told = follow("token-leaked.md")
            intrusion.is_out()
            recovery.wait(at_most=WATCH)
            intrusion.keep("east-audit", told.get("TRAIL"))
    recovery.must_meet(BREACH)
