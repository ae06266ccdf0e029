"""The service that customers log in at fails: it dies, or it hangs.

We believe that who is logged in goes on ordering and notices nothing, since instances judge
tokens by what that service told last; that who wants to log in is told at once that it cannot
be done, and can within a minute, when whoever is on call has started it again; and that what
it knew (accounts, what was revoked) is still there.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import Kill, Pause
from fixtures.logins import Logins
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-16", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(secured=True)),
]

# A busy host loses single orders; an outage of the login would last as long as that does.
UNHARMED = Objectives(rto_seconds=5, rpo_seconds=0)
LOGINS_AWAY = timedelta(seconds=60)
HOLD = timedelta(seconds=20)  # longer than the silence after which instances say something
WATCH = timedelta(minutes=1)


def test_the_service_that_customers_log_in_at_dies(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch, logins: Logins
) -> None:
    """The authentication service dies; who is logged in goes on ordering."""
    with (
        load.orders(users=20),
        logins.tried(away_at_most=LOGINS_AWAY),
        inject(Kill("auth"), mended_by_people=True),
    ):
        recovery.must_be_noticed("nobody can log in", within=timedelta(seconds=10))
        follow("auth-away.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(UNHARMED)


def test_the_service_that_customers_log_in_at_hangs(
    load: Loads, inject: Injector, recovery: RecoveryWatch, logins: Logins
) -> None:
    """The authentication service hangs for a while; who is logged in goes on ordering."""
    with (
        load.orders(users=20),
        logins.tried(away_at_most=LOGINS_AWAY),
        inject(Pause("auth"), hold=HOLD),
    ):
        recovery.must_be_noticed("nobody can log in", within=timedelta(seconds=10))
        recovery.wait(at_most=WATCH)
    recovery.must_meet(UNHARMED)
