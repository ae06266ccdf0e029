"""We believe that the naive service stays down after what brought it down has gone.

And that one with its protections is back at once. Here an instance runs in virtual time, on
a processor whose speed is stated, so that what sustains the cascade is known not to hang
on the machine at hand: connecting costs computing, which makes answers late, which are
given up on and asked for anew, which takes connecting.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from environments.replica.images.orders.orders.calls import CarefulCalls, RetryBudget
from environments.replica.images.orders.orders.database import (
    CONNECT_SECONDS,
    Database,
    DatabaseUnavailableError,
)
from environments.replica.images.orders.orders.naive import (
    CONNECT_SECONDS as NAIVE_CONNECT_SECONDS,
)
from environments.replica.images.orders.orders.naive import NaivePool, StubbornCalls
from environments.replica.images.orders.orders.pool import Pool
from tests.unit.orders.connections import FakeConnection
from tests.unit.orders.virtual import burn, run_virtually

if TYPE_CHECKING:
    import asyncpg

    from environments.replica.images.orders.orders.calls import Calls

    Connection = asyncpg.Connection[asyncpg.Record]

PER_SECOND = 40  # orders and reads of one instance of three
PATIENCE_SECONDS = 2.5
WITHIN_SECONDS = 1.3
BEFORE, TRIGGER, AFTER = 5, 8, 30  # seconds: well, with the database slow, well again
SLOW_SECONDS = 0.6
ANSWER_SECONDS = 0.006
REQUEST_COMPUTES_SECONDS = 0.003


@dataclass
class SlowDatabase:
    """Answers late while it is ``late``; connecting to it computes for a while (SCRAM)."""

    scram_seconds: float
    late: float = 0.0

    async def connect(self, within: float) -> Connection:
        async with asyncio.timeout(within):
            for _ in range(3):
                await asyncio.sleep(0.001 + self.late)
            burn(self.scram_seconds)
            await asyncio.sleep(0.001 + self.late)
        return cast("Connection", AnsweringConnection(self))

    async def ask(self, connection: Connection) -> None:
        await connection.fetchval("")


class AnsweringConnection(FakeConnection):
    def __init__(self, database: SlowDatabase) -> None:
        super().__init__()
        self._database = database

    async def fetchval(self, _: str) -> int:
        await asyncio.sleep(ANSWER_SECONDS + self._database.late)
        if self.closed:
            raise ConnectionResetError("terminated")
        return 1


@dataclass
class Customers:
    """They come at a steady rate, whether or not those before them were served."""

    calls: Calls
    database: SlowDatabase
    served: dict[int, int] = field(default_factory=dict)
    per_second: int = PER_SECOND
    _errands: set[asyncio.Task[None]] = field(default_factory=set)

    async def come(self, first: int, last: int) -> None:
        """Come in each second from the first to before the last."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range((last - first) * self.per_second):
            await asyncio.sleep(max(0.0, began + number / self.per_second - loop.time()))
            errand = asyncio.create_task(self._order(first + number // self.per_second))
            self._errands.add(errand)
            errand.add_done_callback(self._errands.discard)

    def end(self) -> None:
        """End all that is under way, as a restart of the instance does."""
        for errand in self._errands:
            errand.cancel()

    async def _order(self, second: int) -> None:
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        burn(REQUEST_COMPUTES_SECONDS)
        try:
            await self.calls.ask(self.database.ask, within=WITHIN_SECONDS)
        except DatabaseUnavailableError:
            return
        if asyncio.get_running_loop().time() <= until:
            self.served[second] = self.served.get(second, 0) + 1

    def share(self, first: int, last: int) -> float:
        """Give the share of customers served who came in these seconds."""
        seconds = range(first, last)
        return sum(self.served.get(each, 0) for each in seconds) / (
            len(seconds) * self.per_second
        )


async def drill(database: SlowDatabase, pool: NaivePool | Pool, calls: Calls) -> Customers:
    customers = Customers(calls, database)
    pool.start()
    await asyncio.sleep(2)
    await customers.come(0, BEFORE)
    database.late = SLOW_SECONDS
    await customers.come(BEFORE, BEFORE + TRIGGER)
    database.late = 0.0
    await customers.come(BEFORE + TRIGGER, BEFORE + TRIGGER + AFTER)
    return customers


def naive(database: SlowDatabase) -> tuple[NaivePool, Calls]:
    pool = NaivePool(lambda: database.connect(NAIVE_CONNECT_SECONDS), 30)
    return pool, StubbornCalls(Database(pool))


def careful(database: SlowDatabase) -> tuple[Pool, Calls]:
    pool = Pool(lambda: database.connect(CONNECT_SECONDS), 8)
    return pool, CarefulCalls(Database(pool), RetryBudget())


# What SCRAM costs here alone is 20 ms; three instances that share two processors make it 33,
# and on a machine that is twice as fast it is half of that.
SCRAM_SECONDS = [0.015, 0.02, 0.033]
END = BEFORE + TRIGGER + AFTER
NEARLY_ALL, NEARLY_NONE = 0.98, 0.02


@pytest.mark.parametrize("scram_seconds", SCRAM_SECONDS)
def test_the_naive_service_stays_down_after_the_trigger_is_gone(scram_seconds: float) -> None:
    database = SlowDatabase(scram_seconds)
    customers = run_virtually(drill(database, *naive(database)))
    assert customers.share(0, BEFORE) > NEARLY_ALL
    assert customers.share(END - 10, END) < NEARLY_NONE


@pytest.mark.parametrize("scram_seconds", SCRAM_SECONDS)
def test_the_protected_service_is_back_with_the_database(scram_seconds: float) -> None:
    database = SlowDatabase(scram_seconds)
    customers = run_virtually(drill(database, *careful(database)))
    assert customers.share(0, BEFORE) > NEARLY_ALL
    assert customers.share(BEFORE + TRIGGER + 2, END) > NEARLY_ALL


def test_with_load_shed_a_restart_ends_the_cascade() -> None:
    """It forgets the work for customers who have gone, and begins with connections."""

    async def body() -> Customers:
        database = SlowDatabase(0.02)
        customers = await drill(database, *naive(database))
        pool, customers.calls = naive(database)
        customers.end()
        pool.start()
        for second, share in ((100, 0.1), (200, 0.5), (300, 1.0)):
            customers.per_second = round(PER_SECOND * share)
            await customers.come(second, second + 5)
        return customers

    customers = run_virtually(body())
    assert customers.share(END - 10, END) < NEARLY_NONE
    assert customers.share(301, 304) > NEARLY_ALL
