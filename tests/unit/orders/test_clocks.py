"""We believe that no single wrong clock lets an expired token in, or shuts customers out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.replica.images.orders.orders.clocks import (
    SLACK_SECONDS,
    SURE_AFTER_SECONDS,
    ClockCheck,
    Clocks,
    DatabaseClock,
    OwnClock,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncpg

NOW = 1_800_000_000.0
A_YEAR = 365 * 24 * 3600.0
anyhow_wrong = st.floats(-10 * A_YEAR, 10 * A_YEAR)
seconds = st.floats(0, A_YEAR)


@dataclass
class Time:
    """The true time, and how wrong the instance's clock is."""

    passed: float = 0.0
    wrong_by: float = 0.0

    @property
    def true(self) -> float:
        return NOW + self.passed

    def own(self) -> float:
        return self.true + self.wrong_by

    def steady(self) -> float:
        return 77.0 + self.passed

    def clocks(self) -> Clocks:
        return Clocks(self.own, self.steady)


@given(at_first=anyhow_wrong, later=anyhow_wrong, silent=seconds, expired_for=seconds)
def test_what_has_expired_stays_so_whatever_the_own_clock_says(
    at_first: float, later: float, silent: float, expired_for: float
) -> None:
    time = Time(wrong_by=at_first)
    clocks = time.clocks()
    clocks.hear(time.true)
    time.passed, time.wrong_by = silent, later  # the clock jumps, the database is away
    expiry = time.true - expired_for - 0.001
    now = clocks.now()
    assert now is not None
    assert now >= expiry


@given(silent=seconds, good_for=st.floats(0.001, A_YEAR), behind=seconds)
def test_what_is_good_is_good_at_an_instance_whose_clock_is_right(
    silent: float, good_for: float, behind: float
) -> None:
    time = Time()
    clocks = time.clocks()
    clocks.hear(time.true - behind)  # the database's may be right, or behind
    time.passed = silent
    now = clocks.now()
    assert now is not None
    assert now < time.true + good_for


def test_a_database_that_is_ahead_has_good_tokens_refused_until_another_one_speaks() -> None:
    time = Time()
    clocks = time.clocks()
    clocks.hear(time.true + 3600)
    assert clocks.now() == time.true + 3600
    clocks.hear(time.true)
    assert clocks.now() == time.true


def test_before_the_database_spoke_nobody_knows_what_time_it_is() -> None:
    clocks = Time().clocks()
    assert clocks.now() is None
    assert clocks.ahead_seconds is None


def test_the_mistake_asks_the_own_clock_alone() -> None:
    time = Time(wrong_by=-A_YEAR)
    assert OwnClock(time.own).now() == time.true - A_YEAR


@dataclass
class Board:
    """What the siblings tell, and what they were told."""

    siblings: dict[str, float] = field(default_factory=dict)
    told: list[float] = field(default_factory=list)

    async def share_clock(self, ahead_seconds: float) -> Mapping[str, float]:
        self.told.append(ahead_seconds)
        return self.siblings


def looked(time: Time, board: Board, *, database_wrong_by: float = 0.0) -> ClockCheck:
    """A check that looked, and looked again once it could be sure."""
    clocks = time.clocks()
    check = ClockCheck(clocks, board)
    for pause in (0.0, SURE_AFTER_SECONDS):
        time.passed += pause
        clocks.hear(time.true + database_wrong_by)
        asyncio.run(check.look())
    return check


@pytest.mark.parametrize(
    ("wrong_by", "sentence"),
    [
        (-3600.0, "clock is 3600 s behind the database's"),
        (600.0, "clock is 600 s ahead of the database's"),
    ],
)
def test_one_whose_siblings_agree_with_the_database_leaves(
    wrong_by: float, sentence: str
) -> None:
    board = Board({"other": 0.2, "third": -0.1})
    check = looked(Time(wrong_by=wrong_by), board)
    assert (check.trouble, check.must_leave) == (sentence, True)
    assert board.told == [wrong_by, wrong_by]


def test_one_of_two_that_are_wrong_leaves_while_the_third_is_right() -> None:
    assert looked(Time(wrong_by=-3600), Board({"other": -3600, "third": 0})).must_leave


@pytest.mark.parametrize("siblings", [{}, {"other": -7200.0, "third": 3600.0}])
def test_all_stay_and_say_so_where_no_sibling_agrees_with_the_database(
    siblings: dict[str, float],
) -> None:
    check = looked(Time(), Board(siblings), database_wrong_by=3600)
    assert check.trouble == "clock is 3600 s behind the database's"
    assert not check.must_leave


def test_nobody_leaves_before_every_sibling_can_have_told() -> None:
    """Or the first who hears of a database that is wrong would leave, and then the next."""
    time = Time(wrong_by=-3600)
    clocks = time.clocks()
    check = ClockCheck(clocks, Board({"other": 0.0}))
    clocks.hear(time.true)
    asyncio.run(check.look())
    assert check.trouble
    assert not check.must_leave


def test_whose_clock_was_set_right_is_back() -> None:
    time, board = Time(wrong_by=-3600), Board({"other": 0.0})
    check = looked(time, board)
    time.wrong_by = SLACK_SECONDS - 0.1
    asyncio.run(check.look())
    assert (check.trouble, check.must_leave) == (None, False)


def test_before_the_database_spoke_nothing_is_said_of_the_clock() -> None:
    board = Board({"other": 0.0})
    check = ClockCheck(Time(wrong_by=-3600).clocks(), board)
    asyncio.run(check.look())
    assert (check.trouble, check.must_leave, board.told) == (None, False, [])


class Speaking:
    """A database that says what time it is, or fails; it counts its connections."""

    def __init__(self) -> None:
        self.made = 0
        self.fails: Exception | None = None

    async def connect(self) -> asyncpg.Connection[asyncpg.Record]:
        await asyncio.sleep(0)
        self.made += 1
        return cast("asyncpg.Connection[asyncpg.Record]", self)

    async def fetchval(self, _: str) -> float:
        if self.fails:
            raise self.fails
        return NOW

    def terminate(self) -> None:
        pass


def test_the_database_is_asked_over_one_connection_until_it_fails() -> None:
    speaking, time = Speaking(), Time()
    clocks = time.clocks()
    database = DatabaseClock(speaking.connect, clocks)

    async def ask() -> None:
        await database.ask()
        await database.ask()
        speaking.fails = ConnectionResetError("gone")
        time.passed = 10
        await database.ask()

    asyncio.run(ask())
    assert clocks.now() == NOW + 10, "what it said last is counted on"
    assert speaking.made == 1
    speaking.fails = None
    asyncio.run(database.ask())
    assert speaking.made == 2
