"""We believe that a replica is read only without a primary, and told with its age."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from environments.replica.images.orders.orders.health import Health
from environments.replica.images.orders.orders.reading import Reading
from environments.replica.images.orders.orders.store import Order

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from environments.replica.images.orders.orders.calls import Value
    from environments.replica.images.orders.orders.database import Connection

ORDER = Order(id=7, key="k", customer="ada", item="lamp", amount_cents=5, status="paid")
COLUMNS = ("id", "key", "customer", "item", "amount_cents", "status")


@dataclass
class Part:
    trouble: str | None = None


class Copy:
    """A database with one order; it writes down what it was asked, in order."""

    def __init__(self, age: float = 0.0) -> None:
        self.age = age
        self.asked: list[str] = []

    async def ask(
        self, work: Callable[[Connection], Awaitable[Value]], *, within: float
    ) -> Value:
        assert within < 2
        return await work(cast("Connection", self))

    async def fetchval(self, _: str) -> float:
        self.asked.append("age")
        return self.age

    async def fetchrow(self, _: str, order_id: int) -> dict[str, object] | None:
        self.asked.append("order")
        row = {name: getattr(ORDER, name) for name in COLUMNS}
        return row if order_id == ORDER.id else None

    async def fetch(self, *_: object) -> list[dict[str, object]]:
        self.asked.append("page")
        return [{"id": 7}]


class Library:
    def __init__(
        self,
        database: str | None,
        replica: str | None,
        age: float = 0.0,
        *,
        dates_copies: bool = True,
    ) -> None:
        self.primary, self.replica = Copy(), Copy(age)
        health = Health(Part(database), Part(), Part(), Part(replica), started=True)
        self.reading = Reading(self.primary, self.replica, health, dates_copies=dates_copies)


def test_while_there_is_a_primary_it_is_read_and_nothing_is_said_of_age() -> None:
    library = Library(database=None, replica=None)
    read = asyncio.run(library.reading.find(7))
    assert (read.value, read.age_seconds) == (ORDER, None)
    assert library.replica.asked == []


@pytest.mark.parametrize(("age", "told"), [(0.0, 0), (0.2, 1), (7.0, 7), (-0.3, 0)])
def test_without_one_the_replica_is_read_and_its_age_rounded_up(age: float, told: int) -> None:
    library = Library(database="refused", replica=None, age=age)
    read = asyncio.run(library.reading.find(7))
    assert (read.value, read.age_seconds) == (ORDER, told)
    assert asyncio.run(library.reading.find(8)).value is None
    page = asyncio.run(library.reading.page("ada", after=0, limit=9))
    assert (page.value, page.age_seconds) == ([{"id": 7}], told)
    assert library.primary.asked == []


def test_the_age_is_asked_before_the_read_so_that_it_never_flatters() -> None:
    library = Library(database="refused", replica=None)
    asyncio.run(library.reading.find(7))
    assert library.replica.asked == ["age", "order"]


def test_an_age_that_nobody_asks_for_makes_a_copy_look_like_the_primary() -> None:
    library = Library(database="refused", replica=None, age=60.0, dates_copies=False)
    read = asyncio.run(library.reading.find(7))
    assert (read.value, read.age_seconds) == (ORDER, None)
    assert library.replica.asked == ["order"]


def test_without_either_the_primary_is_asked_as_ever() -> None:
    library = Library(database="refused", replica="refused too")
    assert asyncio.run(library.reading.find(7)).age_seconds is None
    assert library.primary.asked == ["order"]


def test_without_a_replica_named_the_primary_is_all_there_is() -> None:
    primary = Copy()
    health = Health(Part("refused"), Part(), Part(), started=True)
    asyncio.run(Reading(primary, None, health, dates_copies=True).find(7))
    assert primary.asked == ["order"]
