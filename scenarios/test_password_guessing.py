"""Somebody guesses a customer's password, ten times a second, from outside.

We believe that the login looks at a hundred passwords and at no more, so that one that people
choose is not found; that the stack says so by itself; that other customers order and log in as
ever meanwhile; and that people keep the intruder out at the entrance by the page.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.intrusion import Intrusion
from fixtures.logins import Logins
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-16", "SEC-2", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(secured=True)),
]

UNHARMED = Objectives(rto_seconds=5, rpo_seconds=0)
LOGINS_AWAY = timedelta(seconds=3)
NOTICED_WITHIN = timedelta(seconds=30)  # a hundred guesses take ten
HOLD = timedelta(seconds=20)  # until the guess that is right would have been looked at
WATCH = timedelta(minutes=1)


def test_somebody_guesses_passwords(
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    intrusion: Intrusion,
    logins: Logins,
) -> None:
    """Somebody guesses a customer's password; the login stops listening to it."""
    guessing = logins.guessing()
    with intrusion.watched(), load.orders(users=20):
        with (
            logins.tried(away_at_most=LOGINS_AWAY),
            inject(guessing, hold=HOLD, mended_by_people=True),
        ):
            intrusion.must_be_detected(within=NOTICED_WITHIN)
            told = follow("password-guessing.md")
            intrusion.is_out()
            recovery.wait(at_most=WATCH)
            intrusion.keep("east-audit", told.get("TRAIL"))
        logins.nobody_got_in(guessing)
    recovery.must_meet(UNHARMED)
