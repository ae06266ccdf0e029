"""Clocks are wrong: of one instance, of all instances, of the primary database.

We believe that what customers are promised depends on a clock in one thing only, the expiry of
their credentials, and that no single wrong clock lets an expired one in: instances judge by the
later of their own clock and the database's, and a role of the database whose time is over has
lost its right to log in before. An instance that differs from the database leaves rotation
within seconds, unless its siblings differ as well: then the database may be wrong, and to leave
would shut customers out. Only a primary that is ahead costs customers the service, until the
page has switched over to a standby: good credentials look expired, and are refused for it.
"""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.credentials import Credentials
from fixtures.faults import WrongClock
from fixtures.steps import Follower, Injector, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-21", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(steered_clocks=True)),
]

ONE_INSTANCE = Objectives(rto_seconds=5, rpo_seconds=0)
ALL_INSTANCES = Objectives(rto_seconds=5, rpo_seconds=0)
PRIMARY_AHEAD = Objectives(rto_seconds=30, rpo_seconds=0)
PRIMARY_BEHIND = Objectives(rto_seconds=15, rpo_seconds=0)
NOTICED_WITHIN = timedelta(seconds=20)
WATCH = timedelta(minutes=1)
A_YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    "by",
    [timedelta(minutes=10), timedelta(hours=-3), A_YEAR],
    ids=["minutes-ahead", "hours-behind", "a-year-ahead"],
)
def test_the_clock_of_an_instance_is_wrong(
    by: timedelta,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    credentials: Credentials,
) -> None:
    """The clock of one instance is wrong; it leaves rotation, and people set it right."""
    with (
        credentials.orders(),
        inject(WrongClock("east-app-2", by), mended_by_people=True),
    ):
        recovery.must_be_noticed("2 of 3 instances are in rotation", within=NOTICED_WITHIN)
        follow("wrong-clock.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(ONE_INSTANCE)


def test_the_clock_of_an_instance_jumps_back_again_and_again(
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    credentials: Credentials,
) -> None:
    """The clock of one instance goes back by an hour, and is right again, three times."""
    jump = WrongClock("east-app-2", timedelta(hours=-1))
    with credentials.orders():
        for _ in range(2):
            with inject(jump):
                pass  # and something sets it right, until the next time
        with inject(jump, mended_by_people=True):
            follow("wrong-clock.md")
            recovery.wait(at_most=WATCH)
    recovery.must_meet(ONE_INSTANCE)


def test_the_clocks_of_all_instances_are_a_year_behind(
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    credentials: Credentials,
) -> None:
    """Every instance's clock is a year behind; they all stay, and people are told."""
    with (
        credentials.orders(),
        inject(WrongClock("app@east", -A_YEAR), mended_by_people=True),
    ):
        recovery.must_be_noticed("behind the database's", within=NOTICED_WITHIN)
        follow("wrong-clock.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(ALL_INSTANCES)


@dataclass(frozen=True, slots=True)
class OfThePrimary:
    """How the primary's clock is wrong, what instances say then, and what is promised."""

    by: timedelta
    told: str
    objectives: Objectives


AHEAD = OfThePrimary(timedelta(hours=3), "behind the database's", PRIMARY_AHEAD)
BEHIND = OfThePrimary(-A_YEAR, "ahead of the database's", PRIMARY_BEHIND)


@pytest.mark.parametrize("clock", [AHEAD, BEHIND], ids=["hours-ahead", "a-year-behind"])
def test_the_clock_of_the_primary_is_wrong(
    clock: OfThePrimary,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    credentials: Credentials,
) -> None:
    """The primary's clock is wrong; people switch over to a standby, and set it right."""
    wrong = WrongClock("db:primary", clock.by)
    with credentials.orders(), inject(wrong, mended_by_people=True):
        recovery.must_be_noticed(clock.told, within=NOTICED_WITHIN)
        follow("wrong-clock-of-the-primary.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(clock.objectives)
