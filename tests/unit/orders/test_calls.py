"""We believe that a call keeps its time limit, and that retries stay few in an overload."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.replica.images.orders.orders import calls as calls_module
from environments.replica.images.orders.orders.calls import (
    RETRIES_PER_REQUEST,
    RETRIES_SAVED,
    CarefulCalls,
    RetryBudget,
)
from environments.replica.images.orders.orders.database import (
    Database,
    DatabaseUnavailableError,
    NotSentError,
)
from tests.unit.orders.connections import LendingPool

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg


BROKEN = ConnectionResetError("reset")
FULL = TimeoutError()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls_module, "PAUSE_SECONDS", 0.0)


class Desk:
    """Asks a pool that fares as told, one word for each try."""

    def __init__(self, *fates: Exception | None, budget: RetryBudget | None = None) -> None:
        self.fates: Sequence[Exception | None] = fates
        self.pool = LendingPool(refuses=[fate if fate is FULL else None for fate in fates])
        self.calls = CarefulCalls(Database(self.pool), budget or RetryBudget())
        self.worked = 0

    async def work(self, _: asyncpg.Connection[asyncpg.Record]) -> str:
        fate = [each for each in self.fates if each is not FULL][self.worked]
        self.worked += 1
        if fate:
            raise fate
        return "done"

    def ask(self, within: float = 1.0) -> str:
        return asyncio.run(self.calls.ask(self.work, within=within))


def test_what_went_well_is_done_once() -> None:
    desk = Desk(None)
    assert (desk.ask(), desk.worked) == ("done", 1)
    assert len(desk.pool.given_back) == 1


def test_what_broke_is_tried_once_more() -> None:
    desk = Desk(BROKEN, None)
    assert (desk.ask(), desk.worked) == ("done", 2)


def test_what_broke_twice_is_given_up() -> None:
    desk = Desk(BROKEN, BROKEN, None)
    with pytest.raises(DatabaseUnavailableError, match="ConnectionResetError"):
        desk.ask()
    assert desk.worked == 2


def test_what_was_never_sent_is_not_tried_again_and_certainly_not_done() -> None:
    desk = Desk(FULL, None)
    with pytest.raises(NotSentError):
        desk.ask()
    assert desk.pool.asked == 1


def test_what_was_sent_once_is_never_said_to_be_unsent() -> None:
    desk = Desk(BROKEN, FULL)
    with pytest.raises(DatabaseUnavailableError, match=r"reset; then no connection") as told:
        desk.ask()
    assert not isinstance(told.value, NotSentError)


def test_with_little_time_left_nothing_is_tried_again() -> None:
    desk = Desk(BROKEN, None)
    with pytest.raises(DatabaseUnavailableError):
        desk.ask(within=calls_module.WORTH_SECONDS)
    assert desk.worked == 1


def test_with_its_budget_spent_nothing_is_tried_again() -> None:
    budget = RetryBudget()
    while budget.allows_retry():
        pass
    desk = Desk(BROKEN, None, budget=budget)
    with pytest.raises(DatabaseUnavailableError):
        desk.ask()
    assert desk.worked == 1


def test_work_that_takes_too_long_loses_its_connection() -> None:
    desk = Desk()

    async def hang(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        while not connection.is_closed():  # noqa: ASYNC110 - what asyncpg does inside
            await asyncio.sleep(0.001)
        raise ConnectionResetError("terminated")

    with pytest.raises(DatabaseUnavailableError):
        asyncio.run(desk.calls.ask(hang, within=0.05))
    assert desk.pool.given_back == []


def test_a_connection_is_given_back_by_whoever_took_it() -> None:
    desk = Desk(None)
    desk.ask()
    assert desk.pool.given_back == cast("list[object]", desk.pool.lent)


@given(st.lists(st.booleans(), max_size=300))
def test_retries_stay_under_a_tenth_of_the_requests(asks: list[bool]) -> None:
    """But for those that were saved in quiet times."""
    budget = RetryBudget()
    retries = 0
    for requests, wants_retry in enumerate(asks, start=1):
        budget.note_request()
        retries += wants_retry and budget.allows_retry()
        assert retries <= RETRIES_SAVED + RETRIES_PER_REQUEST * requests + 1e-6


def test_a_budget_that_was_spent_fills_with_requests_and_not_beyond_its_brim() -> None:
    budget = RetryBudget()
    for _ in range(1000):
        budget.note_request()
    assert sum(budget.allows_retry() for _ in range(100)) == RETRIES_SAVED
    for _ in range(11):
        budget.note_request()
    assert sum(budget.allows_retry() for _ in range(100)) == 1
