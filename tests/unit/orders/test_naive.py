"""We believe that the naive service is as naive as it says, and no more untruthful."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from environments.replica.images.orders.orders import naive
from environments.replica.images.orders.orders.database import (
    Database,
    DatabaseUnavailableError,
    NotSentError,
)
from environments.replica.images.orders.orders.naive import TRIES, NaivePool, StubbornCalls
from tests.unit.orders.connections import FakeConnection, LendingPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


class Server:
    """Gives out connections; while ``down`` it refuses them."""

    def __init__(self) -> None:
        self.given: list[FakeConnection] = []
        self.down = False

    async def connect(self) -> Connection:
        await asyncio.sleep(0)
        if self.down:
            raise ConnectionRefusedError("nobody listens")
        self.given.append(FakeConnection())
        return cast("Connection", self.given[-1])


def run(test: Callable[[NaivePool, Server], Awaitable[None]], size: int = 2) -> None:
    async def bounded() -> None:
        server = Server()
        async with asyncio.timeout(5):
            await test(NaivePool(server.connect, size), server)

    asyncio.run(bounded())


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_it_connects_on_demand_and_keeps_what_was_given_back() -> None:
    async def body(pool: NaivePool, server: Server) -> None:
        assert (pool.open, server.given) == (0, [])
        first = await pool.take(within=1)
        pool.give_back(first)
        assert await pool.take(within=1) is first
        assert (pool.open, pool.in_use, len(server.given)) == (1, 1, 1)

    run(body)


def test_once_started_it_is_full_before_it_lends() -> None:
    async def body(pool: NaivePool, server: Server) -> None:
        pool.start()
        lent = await pool.take(within=1)
        assert (len(server.given), pool.open, pool.in_use) == (3, 3, 1)
        await pool.stop()
        assert all(connection.closed for connection in server.given)
        assert lent.is_closed()

    run(body, size=3)


def test_where_nobody_answers_it_starts_empty() -> None:
    async def body(pool: NaivePool, server: Server) -> None:
        server.down = True
        pool.start()
        with pytest.raises(ConnectionRefusedError):
            await pool.take(within=1)
        server.down = False
        await pool.take(within=1)
        assert len(server.given) == 1

    run(body, size=3)


def test_it_lends_no_more_than_its_size_and_makes_others_queue() -> None:
    async def body(pool: NaivePool, _: Server) -> None:
        await pool.take(within=1)
        lent = await pool.take(within=1)
        with pytest.raises(TimeoutError):
            await pool.take(within=0.01)
        waiting = asyncio.create_task(pool.take(within=1))
        await asyncio.sleep(0)
        pool.give_back(lent)
        assert await waiting is lent

    run(body)


def test_one_failure_throws_all_connections_away_and_gives_their_places_back() -> None:
    async def body(pool: NaivePool, server: Server) -> None:
        failing, lent, idle = [await pool.take(within=1) for _ in range(3)]
        pool.give_back(idle)
        failing.terminate()
        await settle()
        assert idle.is_closed()
        assert not lent.is_closed(), "it is in use: it goes when it is given back"
        pool.give_back(lent)
        assert lent.is_closed()
        again = [await pool.take(within=1) for _ in range(3)]
        assert len(server.given) == 6
        assert (pool.open, pool.in_use) == (3, 3)
        await settle()
        assert not any(connection.is_closed() for connection in again)

    run(body, size=3)


def test_a_lent_one_that_is_distrusted_and_then_fails_gives_its_place_back_once() -> None:
    async def body(pool: NaivePool, server: Server) -> None:
        for connection in [await pool.take(within=1) for _ in range(2)]:
            connection.terminate()
        await settle()
        for _ in range(2):
            await pool.take(within=1)
        with pytest.raises(TimeoutError):
            await pool.take(within=0.01)
        assert len(server.given) == 4

    run(body)


def test_an_idle_one_that_was_closed_is_not_lent_and_condemns_no_other() -> None:
    async def body(pool: NaivePool, _: Server) -> None:
        first, second = await pool.take(within=1), await pool.take(within=1)
        pool.give_back(first)
        pool.give_back(second)
        second.terminate()
        await settle()
        assert await pool.take(within=1) is first

    run(body)


def test_a_refused_connection_gives_its_place_back_and_says_why() -> None:
    async def body(pool: NaivePool, server: Server) -> None:
        server.down = True
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                await pool.take(within=1)
        assert pool.trouble == "ConnectionRefusedError: nobody listens"
        server.down = False
        await pool.take(within=1)
        assert pool.trouble is None

    run(body, size=1)


def test_a_connection_that_could_not_be_made_condemns_the_others() -> None:
    async def body(pool: NaivePool, server: Server) -> None:
        idle, lent = await pool.take(within=1), await pool.take(within=1)
        pool.give_back(idle)
        assert await pool.take(within=1) is idle
        server.down = True
        with pytest.raises(ConnectionRefusedError):
            await pool.take(within=1)
        pool.give_back(idle)
        pool.give_back(lent)
        assert idle.is_closed()
        assert lent.is_closed()

    run(body, size=3)


def ask(pool: LendingPool, fates: Sequence[Exception | None]) -> tuple[str, int]:
    worked = 0

    async def work(_: Connection) -> str:
        nonlocal worked
        worked += 1
        fate = fates[worked - 1]
        if fate:
            raise fate
        return "done"

    calls = StubbornCalls(Database(pool))
    return asyncio.run(calls.ask(work, within=0.0)), worked


def test_it_tries_again_whatever_its_caller_s_time_limit() -> None:
    broken = ConnectionResetError("reset")
    assert ask(LendingPool(), [broken] * (TRIES - 1) + [None]) == ("done", TRIES)


def test_it_gives_up_after_its_tries_and_nobody_knows_what_was_done() -> None:
    pool = LendingPool([None, *[TimeoutError()] * (TRIES - 1)])
    with pytest.raises(DatabaseUnavailableError, match=f"{TRIES} tries") as told:
        ask(pool, [ConnectionResetError("reset")])
    assert not isinstance(told.value, NotSentError)
    assert pool.asked == TRIES


def test_what_none_of_its_tries_could_send_was_certainly_not_done() -> None:
    with pytest.raises(NotSentError):
        ask(LendingPool([TimeoutError()] * TRIES), [])


def test_it_ends_a_slow_statement_and_begins_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naive, "TRY_SECONDS", 0.01)
    pool = LendingPool()

    async def hang(connection: Connection) -> None:
        while not connection.is_closed():  # noqa: ASYNC110 - what asyncpg does inside
            await asyncio.sleep(0.001)
        raise ConnectionResetError("terminated")

    with pytest.raises(DatabaseUnavailableError):
        asyncio.run(StubbornCalls(Database(pool)).ask(hang, within=5))
    assert len(pool.lent) == TRIES
