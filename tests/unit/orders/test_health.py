"""We believe that an instance leaves rotation for want of the database alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from environments.replica.images.orders.orders.database import Database, NotSentError
from environments.replica.images.orders.orders.health import (
    FAILED_CHECKS,
    HAS_ORDERS,
    STALE_SECONDS,
    TAKES_WRITES,
    CustomersConnection,
    DatabaseWatch,
    Health,
    OwnConnection,
    Question,
)

if TYPE_CHECKING:
    import asyncpg


@dataclass
class Part:
    trouble: str | None = None


@dataclass
class OwnClock(Part):
    must_leave: bool = False


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


def test_without_its_log_it_is_ready_and_says_what_is_missing() -> None:
    logging = health()
    logging.log = Part("no room")
    report = logging.readiness()
    assert (report.ready, report.status) == (True, "degraded")
    assert report.dependencies["log"] == "degraded: no room"


def test_where_it_is_told_to_need_the_cache_it_is_not_ready_without_it() -> None:
    needy = health(cache="refused")
    needy.needs_cache = True
    assert not needy.readiness().ready
    needy.cache = Part()
    assert needy.readiness().ready


def test_without_the_primary_but_with_a_replica_it_is_ready_to_be_read_from() -> None:
    reading = health(database="refused")
    reading.replica = Part()
    report = reading.readiness()
    assert (reading.is_read_only, report.ready, report.status) == (True, True, "read-only")
    assert report.dependencies["database"] == "refused"
    assert report.dependencies["replica"] == "ok"


def test_without_primary_and_replica_it_is_not_ready() -> None:
    reading = health(database="refused")
    reading.replica = Part("refused too")
    assert not reading.is_read_only
    assert (reading.readiness().ready, reading.readiness().status) == (False, "unavailable")


def test_with_the_primary_it_is_never_read_only_and_misses_its_replica() -> None:
    whole = health()
    whole.replica = Part()
    assert (whole.is_read_only, whole.readiness().status) == (False, "ok")
    whole.replica = Part("refused")
    assert (whole.is_read_only, whole.readiness().status) == (False, "degraded")
    assert whole.readiness().ready


def test_an_instance_that_starts_without_a_primary_can_be_read_from() -> None:
    starting = health()
    starting.started = False
    starting.replica = Part()
    assert (starting.is_read_only, starting.readiness().status) == (True, "read-only")
    assert not starting.startup().ready


def test_before_it_heard_of_auth_it_gets_no_customers() -> None:
    asking = health()
    asking.auth = OwnClock("auth has not told its keys yet", must_leave=True)
    assert (asking.readiness().ready, asking.readiness().status) == (False, "unavailable")
    asking.auth = OwnClock("auth is silent")
    assert (asking.readiness().ready, asking.readiness().status) == (True, "degraded")
    assert asking.readiness().dependencies["auth"] == "degraded: auth is silent"


def test_a_wrong_clock_is_told_and_takes_it_out_only_where_it_must() -> None:
    clocked = health()
    clocked.clock = OwnClock()
    assert clocked.readiness().dependencies["clock"] == "ok"
    clocked.clock = OwnClock("clock is 9 s behind the database's")
    report = clocked.readiness()
    assert (report.ready, report.status) == (True, "degraded")
    assert report.dependencies["clock"] == "degraded: clock is 9 s behind the database's"
    clocked.clock.must_leave = True
    assert (clocked.readiness().ready, clocked.readiness().status) == (False, "unavailable")


def test_before_its_schema_is_there_it_has_not_started() -> None:
    starting = health()
    starting.started = False
    assert not starting.startup().ready
    assert not starting.readiness().ready
    starting.started = True
    assert starting.startup().ready


class Answering:
    """Answers as it is told to, and counts the connections made to it."""

    def __init__(self) -> None:
        self.answer: bool | Exception = True
        self.made = 0
        self.asked: set[str] = set()

    async def connect(self) -> asyncpg.Connection[asyncpg.Record]:
        await asyncio.sleep(0)
        self.made += 1
        return cast("asyncpg.Connection[asyncpg.Record]", self)

    async def fetchval(self, sql: str) -> bool:
        self.asked.add(sql)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def terminate(self) -> None:
        pass


def watching(database: Answering, question: Question = TAKES_WRITES) -> DatabaseWatch:
    return DatabaseWatch(OwnConnection(database.connect), question)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def check(watch: DatabaseWatch, times: int = 1) -> None:
    async def checks() -> None:
        for _ in range(times):
            await watch.check()

    asyncio.run(checks())


@pytest.mark.parametrize("answer", [ConnectionResetError("reset"), False])
def test_it_takes_two_failed_checks_to_be_out_and_one_good_one_to_be_back(
    answer: bool | Exception,  # noqa: FBT001 - what the database answers
) -> None:
    database = Answering()
    watch = watching(database)
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


def test_it_keeps_its_connection_and_makes_a_new_one_after_a_failure() -> None:
    database = Answering()
    watch = watching(database)
    check(watch, 3)
    assert database.made == 1
    database.answer = ConnectionResetError("reset")
    check(watch, 2)
    assert database.made == 2


@pytest.mark.parametrize("question", [TAKES_WRITES, HAS_ORDERS])
def test_it_asks_its_question_and_says_what_no_means(question: Question) -> None:
    database = Answering()
    watch = watching(database, question)
    database.answer = False
    check(watch, FAILED_CHECKS)
    assert database.asked == {question.sql}
    assert watch.trouble == question.complaint


class Full:
    """A pool that has no connection for anybody."""

    trouble, open, in_use = None, 8, 8

    async def take(self, *, within: float) -> asyncpg.Connection[asyncpg.Record]:
        assert within < 1
        raise TimeoutError

    def give_back(self, _: object) -> None:
        raise AssertionError("nothing was taken")


def test_through_the_customers_pool_a_full_one_looks_like_a_database_gone() -> None:
    view = CustomersConnection(Database(Full()))
    with pytest.raises(NotSentError):
        asyncio.run(view.ask(TAKES_WRITES.sql))
    watch = DatabaseWatch(view, TAKES_WRITES)
    check(watch, FAILED_CHECKS)
    assert "8 are in use" in str(watch.trouble)


def test_an_old_answer_is_no_answer() -> None:
    clock = Clock()
    watch = DatabaseWatch(OwnConnection(Answering().connect), TAKES_WRITES, clock)
    check(watch)
    clock.now += STALE_SECONDS + 0.1
    assert watch.trouble == "no check has ended for 2.1 s"


def test_it_looks_over_a_connection_of_the_login_of_now() -> None:
    made: list[Answering] = []

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        made.append(Answering())
        return await made[-1].connect()

    first = cast("list[object]", made)
    view = OwnConnection(connect, lambda connection: connection is first[0])
    check(DatabaseWatch(view, TAKES_WRITES), times=3)
    assert len(made) == 2, "the first was replaced, and nothing after it"
