"""We believe that an instance leaves rotation for want of the database alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from environments.replica.images.orders.orders import health as health_module
from environments.replica.images.orders.orders.health import (
    FAILED_CHECKS,
    STALE_SECONDS,
    DatabaseWatch,
    Health,
)
from environments.replica.images.orders.orders.settings import Settings

SETTINGS = Settings(
    database_host="nowhere",
    database_port=1,
    database_name="orders",
    database_user="orders",
    database_password="",
    pool_size=1,
    redis_host="nowhere",
    redis_port=1,
    payments_url="http://nowhere",
    payments_breaker=True,
    health_needs_cache=False,
)


@dataclass
class Part:
    trouble: str | None = None


def health(
    database: str | None = None, cache: str | None = None, payments: str | None = None
) -> Health:
    return Health(Part(database), Part(cache), Part(payments), started=True)


def test_all_is_well() -> None:
    report = health().readiness()
    assert (report.ready, report.status) == (True, "ok")
    assert set(report.dependencies.values()) == {"ok"}


def test_without_the_database_it_is_not_ready_and_says_why() -> None:
    report = health(database="refused").readiness()
    assert (report.ready, report.status) == (False, "unavailable")
    assert report.dependencies["database"] == "refused"


@pytest.mark.parametrize("helper", ["cache", "payments"])
def test_without_a_helper_it_is_ready_and_says_what_is_missing(helper: str) -> None:
    report = health(**{helper: "refused"}).readiness()
    assert (report.ready, report.status) == (True, "degraded")
    assert report.dependencies[helper] == "degraded: refused"


def test_where_it_is_told_to_need_the_cache_it_is_not_ready_without_it() -> None:
    needy = health(cache="refused")
    needy.needs_cache = True
    assert not needy.readiness().ready
    needy.cache = Part()
    assert needy.readiness().ready


def test_before_its_schema_is_there_it_has_not_started() -> None:
    starting = health()
    starting.started = False
    assert not starting.startup().ready
    assert not starting.readiness().ready
    starting.started = True
    assert starting.startup().ready


class Database:
    """Answers as it is told to."""

    def __init__(self) -> None:
        self.answer: bool | Exception = True

    async def fetchval(self, _: str) -> bool:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def terminate(self) -> None:
        pass


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    database = Database()

    async def connect(_: Settings) -> Database:
        await asyncio.sleep(0)
        return database

    monkeypatch.setattr(health_module, "connect", connect)
    return database


def check(watch: DatabaseWatch, times: int = 1) -> None:
    async def checks() -> None:
        for _ in range(times):
            await watch.check()

    asyncio.run(checks())


@pytest.mark.parametrize("answer", [ConnectionResetError("reset"), False])
def test_it_takes_two_failed_checks_to_be_out_and_one_good_one_to_be_back(
    database: Database,
    answer: bool | Exception,  # noqa: FBT001 - what the database answers
) -> None:
    watch = DatabaseWatch(SETTINGS)
    assert watch.trouble is not None
    check(watch)
    assert watch.trouble is None
    database.answer = answer
    check(watch, FAILED_CHECKS - 1)
    assert watch.trouble is None
    check(watch)
    assert watch.trouble is not None
    database.answer = True
    check(watch)
    assert watch.trouble is None


@pytest.mark.usefixtures("database")
def test_an_old_answer_is_no_answer() -> None:
    clock = Clock()
    watch = DatabaseWatch(SETTINGS, clock)
    check(watch)
    clock.now += STALE_SECONDS + 0.1
    assert watch.trouble == "no check has ended for 2.1 s"
