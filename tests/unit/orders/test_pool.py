"""We believe that the pool keeps its connections, and that no broken one is ever lent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from environments.replica.images.orders.orders import pool as pool_module
from environments.replica.images.orders.orders.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg


class FakeConnection:
    def __init__(self, *, silent: bool = False) -> None:
        self.silent = silent
        self.closed = False
        self.listeners: list[Callable[[object], None]] = []

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        self.closed = True
        for listener in self.listeners:
            asyncio.get_running_loop().call_soon(listener, self)

    def add_termination_listener(self, listener: Callable[[object], None]) -> None:
        self.listeners.append(listener)

    async def fetchval(self, _: str) -> int:
        if self.silent:
            await asyncio.Event().wait()
        return 1


class Server:
    """Gives out connections; while ``down`` it refuses them."""

    def __init__(self) -> None:
        self.given: list[FakeConnection] = []
        self.down = False
        self.asked = 0

    async def connect(self) -> asyncpg.Connection[asyncpg.Record]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise ConnectionRefusedError("nobody listens")
        self.given.append(FakeConnection())
        return cast("asyncpg.Connection[asyncpg.Record]", self.given[-1])


def run(test: Callable[[Pool, Server], Awaitable[None]], size: int = 2) -> None:
    async def with_pool() -> None:
        server = Server()
        pool = Pool(server.connect, size)
        pool.start()
        try:
            async with asyncio.timeout(5):
                await test(pool, server)
        finally:
            await pool.stop()

    asyncio.run(with_pool())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the pool says nothing when it changes
        await asyncio.sleep(0.001)


def test_it_lends_no_more_than_its_size_and_says_so_in_time() -> None:
    async def body(pool: Pool, _: Server) -> None:
        await pool.take(within=1)
        lent = await pool.take(within=1)
        with pytest.raises(TimeoutError):
            await pool.take(within=0.01)
        assert (pool.open, pool.in_use) == (2, 2)
        waiting = asyncio.create_task(pool.take(within=1))
        await asyncio.sleep(0)
        pool.give_back(lent)
        assert await waiting is lent

    run(body)


def test_the_connection_used_last_is_lent_first() -> None:
    async def body(pool: Pool, _: Server) -> None:
        first, second = await pool.take(within=1), await pool.take(within=1)
        pool.give_back(first)
        pool.give_back(second)
        assert await pool.take(within=1) is second

    run(body)


def test_a_terminated_connection_is_replaced_while_nobody_asks() -> None:
    async def body(pool: Pool, server: Server) -> None:
        lent = await pool.take(within=1)
        lent.terminate()
        await until(lambda: len(server.given) == 2)
        assert await pool.take(within=1) is not lent

    run(body, size=1)


def test_a_connection_that_the_server_closed_is_not_lent() -> None:
    async def body(pool: Pool, server: Server) -> None:
        lent = await pool.take(within=1)
        pool.give_back(lent)
        server.given[0].closed = True  # and nobody is told
        assert await pool.take(within=1) is not lent

    run(body, size=1)


def test_an_idle_connection_that_fell_silent_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "ASK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(pool_module, "ANSWER_SECONDS", 0.01)

    async def body(pool: Pool, server: Server) -> None:
        pool.give_back(await pool.take(within=1))
        server.given[0].silent = True
        await until(lambda: len(server.given) == 2)
        assert server.given[0].closed
        assert cast("object", await pool.take(within=1)) is server.given[1]

    run(body, size=1)


def test_one_that_came_together_with_the_end_of_waiting_is_not_lost() -> None:
    async def body(pool: Pool, _: Server) -> None:
        lent = await pool.take(within=1)
        waiting = asyncio.create_task(pool.take(within=1))
        await asyncio.sleep(0)
        pool.give_back(lent)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await pool.take(within=0.1) is lent

    run(body, size=1)


def test_it_says_why_and_connects_once_the_server_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "RETRY_SECONDS", 0.001)

    async def body(pool: Pool, server: Server) -> None:
        lent = await pool.take(within=1)
        server.down = True
        lent.terminate()
        await until(lambda: pool.trouble is not None)
        assert pool.trouble == "ConnectionRefusedError: nobody listens"
        assert pool.open == 0
        server.down = False
        assert await pool.take(within=1) is not lent
        assert pool.trouble is None

    run(body, size=1)


def test_a_server_that_refuses_is_asked_by_few_and_then_left_alone_for_a_while() -> None:
    async def body(pool: Pool, server: Server) -> None:
        server.down = True
        await until(lambda: pool.trouble is not None)
        for _ in range(50):  # far more turns than all keepers need
            await asyncio.sleep(0)
        assert server.asked == pool_module.CONNECTING_AT_ONCE

    run(body, size=10)


class LoginOfPool:
    """Which connections were made before the login changed."""

    def __init__(self) -> None:
        self.server = Server()
        self.old: set[object] = set()

    def change(self) -> None:
        self.old = set(self.server.given)

    def is_stale(self, connection: asyncpg.Connection[asyncpg.Record]) -> bool:
        return connection in self.old


def run_with_login(test: Callable[[Pool, LoginOfPool], Awaitable[None]]) -> None:
    async def with_pool() -> None:
        login = LoginOfPool()
        pool = Pool(login.server.connect, 2, login.is_stale)
        pool.start()
        try:
            async with asyncio.timeout(5):
                await test(pool, login)
        finally:
            await pool.stop()
        assert all(connection.closed for connection in login.server.given)

    asyncio.run(with_pool())


def test_when_the_login_changes_each_connection_goes_once_another_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "ASK_EVERY_SECONDS", 0.01)

    async def body(pool: Pool, login: LoginOfPool) -> None:
        lent, idle = await pool.take(within=1), await pool.take(within=1)
        pool.give_back(idle)
        login.change()
        await until(lambda: len(login.server.given) == 4)
        await until(idle.is_closed)
        assert not lent.is_closed(), "somebody works with it"
        pool.give_back(lent)
        assert lent.is_closed(), "nobody is to work with it any more"
        fresh = [await pool.take(within=1), await pool.take(within=1)]
        assert not {*fresh} & login.old
        assert (pool.open, pool.in_use) == (2, 2)

    run_with_login(body)


def test_a_login_that_is_refused_costs_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "ASK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(pool_module, "RETRY_SECONDS", 0.001)

    async def body(pool: Pool, login: LoginOfPool) -> None:
        await until(lambda: pool.open == 2)
        login.server.down = True
        login.change()
        asked = login.server.asked
        await until(lambda: login.server.asked > asked + 4)
        assert pool.open == 2
        assert "nobody listens" in str(pool.trouble)
        lent = await pool.take(within=1)
        pool.give_back(lent)
        login.server.down = False
        await until(lambda: {*login.server.given[2:]} <= {*pool._idle} and pool.open == 2)  # noqa: SLF001 - what waits there
        await until(lambda: all(old.closed for old in login.server.given[:2]))

    run_with_login(body)
