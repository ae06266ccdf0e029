"""We believe that a connection that ended before it was lent is no surprise to anybody."""

from __future__ import annotations

import asyncio

import pytest

from environments.replica.images.orders.orders.database import Database, NotSentError
from tests.unit.orders.connections import LendingPool


def test_a_connection_that_ends_on_its_way_was_never_asked_anything() -> None:
    pool = LendingPool()

    async def lend() -> None:
        database = Database(pool)
        connection = await database.take(within=1)
        connection.terminate()
        with pytest.raises(NotSentError, match="connection is closed"):
            async with database.lending(connection, until=1e9):
                pytest.fail("it was lent")

    asyncio.run(lend())
    assert not pool.given_back
