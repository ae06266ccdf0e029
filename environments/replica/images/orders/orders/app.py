"""Puts the service together and runs what goes on in the background."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import httpx

from . import bugs, telemetry
from .breaker import Breaker
from .cache import Cache
from .calls import Calls, CarefulCalls, RetryBudget
from .clocks import LOOK_EVERY_SECONDS as LOOK_AT_CLOCKS_EVERY_SECONDS
from .clocks import ClockCheck, Clocks, DatabaseClock, OwnClock
from .database import Database, DatabaseUnavailableError
from .following import follow, followed
from .health import (
    HAS_ORDERS,
    PAUSE_SECONDS,
    TAKES_WRITES,
    CustomersConnection,
    DatabaseWatch,
    Health,
    OwnConnection,
)
from .identity import AuthService, Issued
from .intake import Intake
from .live import built_in
from .logins import Logins, NoLoginError
from .marking import Marking
from .naive import CONNECT_SECONDS, NaivePool, StubbornCalls
from .payments import Payments
from .pool import Pool
from .reading import Reading
from .routes import Services, make_app
from .settings import Settings, SettingsError, read_settings
from .settlement import Settlement
from .store import Store
from .tokens import Tokens
from .trail import DELIVER_EVERY_SECONDS, Trail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from .clocks import Judge
    from .logfile import LogFile
    from .settings import Address

LOOK_EVERY_SECONDS = 0.5  # at the cache, and at what readiness says
REPLICA_CONNECTIONS = 3  # reads take a millisecond, and are all that a replica is asked


@dataclass(frozen=True, slots=True)
class Access:
    """A database: its connections, how it is asked, and who looks whether it is there."""

    pool: Pool | NaivePool
    calls: Calls
    watch: DatabaseWatch


def create_app(settings: Settings) -> FastAPI:
    # trust_env off: payments is inside, no proxy of the environment leads there.
    client = httpx.AsyncClient(base_url=settings.payments_url, trust_env=False)
    live = followed(settings) if settings.configurator else None
    current = live.current if live else built_in
    payments = Payments(
        client,
        Breaker(time.monotonic, lambda: current().breaker)
        if settings.payments_breaker
        else None,
        lambda: current().payments,
    )
    logins = Logins(settings)
    make = _protected if settings.protections else _unprotected
    primary = make(settings, logins)
    replica = _replica(settings.replica, logins) if settings.replica else None
    databases = [primary, *([replica] if replica else [])]
    store = Store(primary.calls)
    cache = Cache(settings.redis_host, settings.redis_port, lambda: current().cache)
    marking = Marking(store)
    log = telemetry.log_to(settings.log_file) if settings.log_file else None
    has_tokens = settings.token_key or settings.auth_url
    clocks = Clocks() if has_tokens and settings.checks_clock else None
    clock = ClockCheck(clocks, cache) if clocks else None
    auth = _auth(settings, clocks or OwnClock()) if settings.auth_url else None
    health = Health(
        database=primary.watch,
        cache=cache,
        payments=payments,
        replica=replica.watch if replica else None,
        log=log,
        clock=clock,
        auth=auth.issued if auth else None,
        configuration=live,
        needs_cache=settings.health_needs_cache,
    )
    settlement = Settlement(store, payments)
    # It is inside, too; what leads nowhere is closed all the same.
    told = httpx.AsyncClient(base_url=settings.audit_url, trust_env=False)
    trail = Trail(told, logins.sessions) if settings.audit_url else None
    reading = Reading(
        primary.calls,
        replica.calls if replica else None,
        health,
        dates_copies=settings.dates_copies,
    )

    optional = (
        clock and partial(_keep_clock, settings, logins, clock),
        trail and partial(_tell, trail),
        auth and auth.keep_asking,
        live and partial(follow, live),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        telemetry.watch(primary.pool, payments)
        telemetry.say("starting", settings=settings)
        if live:
            await live.turn()
        for database in databases:
            database.pool.start()
        background = [
            *(asyncio.create_task(_watch(database.watch)) for database in databases),
            asyncio.create_task(_report(cache, health, log)),
            asyncio.create_task(logins.watch()),
            asyncio.create_task(marking.run()),
            asyncio.create_task(bugs.crash()),
            asyncio.create_task(_start(store, health, settlement)),
            *(asyncio.create_task(work()) for work in optional if work),
        ]
        for task in background:
            task.add_done_callback(_must_not_end)
        yield
        telemetry.say("stopping")
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        for database in databases:
            database.watch.close()
            await database.pool.stop()
        await asyncio.gather(client.aclose(), told.aclose(), cache.close())

    intake = Intake(
        store,
        payments,
        marking,
        limits=lambda: current().orders,
        flags=lambda: current().flags,
    )
    services = Services(
        intake,
        reading,
        cache,
        health,
        auth.issued if auth else _own_tokens(settings, clocks or OwnClock()),
        trail,
        current,
        live,
    )
    return make_app(
        services,
        lifespan,
        sheds_load=settings.protections,
        needed_log=log if settings.log_needed else None,
    )


def _auth(settings: Settings, judge: Judge) -> AuthService:
    client = httpx.AsyncClient(base_url=settings.auth_url, trust_env=False)
    issued = Issued(judge, needs_auth=settings.auth_needed)
    service = AuthService(client, socket.gethostname(), issued, settings.auth_file)
    service.start()
    return service


def _own_tokens(settings: Settings, judge: Judge) -> Tokens | None:
    return Tokens(settings.token_key, judge) if settings.token_key else None


def _protected(settings: Settings, logins: Logins) -> Access:
    connect = partial(logins.connect, settings.database)
    pool = Pool(connect, settings.pool_size, logins.is_stale)
    view = OwnConnection(connect, logins.is_stale)
    calls = CarefulCalls(Database(pool), RetryBudget())
    return Access(pool, calls, DatabaseWatch(view, TAKES_WRITES))


def _unprotected(settings: Settings, logins: Logins) -> Access:
    connect = partial(logins.connect, settings.database, within=CONNECT_SECONDS)
    pool = NaivePool(connect, settings.pool_size)
    database = Database(pool)
    watch = DatabaseWatch(CustomersConnection(database), TAKES_WRITES)
    return Access(pool, StubbornCalls(database), watch)


def _replica(address: Address, logins: Logins) -> Access:
    connect = partial(logins.connect, address)
    pool = Pool(connect, REPLICA_CONNECTIONS, logins.is_stale)
    view = OwnConnection(connect, logins.is_stale)
    calls = CarefulCalls(Database(pool), RetryBudget())
    return Access(pool, calls, DatabaseWatch(view, HAS_ORDERS))


async def _watch(watch: DatabaseWatch) -> None:
    while True:
        await watch.check()
        await asyncio.sleep(watch.pause)


async def _tell(trail: Trail) -> None:
    """Deliver to the audit trail for ever, and what is left at the end."""
    try:
        while True:
            await trail.turn()
            await asyncio.sleep(DELIVER_EVERY_SECONDS)
    finally:
        await trail.turn()


async def _keep_clock(settings: Settings, logins: Logins, clock: ClockCheck) -> None:
    """Hold the own clock against the database's, for ever."""
    connect = partial(logins.connect, settings.database)
    database = DatabaseClock(connect, clock.clocks, logins.is_stale)
    try:
        while True:
            await database.ask()
            await clock.look()
            await asyncio.sleep(LOOK_AT_CLOCKS_EVERY_SECONDS)
    finally:
        database.close()


async def _report(cache: Cache, health: Health, log: LogFile | None) -> None:
    """Look at the cache for ever, and log it when readiness says something else.

    A log that lost its last line is tried again: nobody else may have anything to say.
    """
    last = None
    while True:
        await cache.check()
        report = health.readiness()
        if report != last:
            telemetry.say("readiness", **asdict(report))
        last = report
        if log is not None and log.trouble:
            telemetry.warn("the log loses lines", cause=log.trouble)
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _start(store: Store, health: Health, settlement: Settlement) -> None:
    """Create the schema as soon as the database is there, then settle for ever."""
    while not health.started:
        try:
            await store.create_schema()
            health.started = True
        except DatabaseUnavailableError as error:
            if str(error) != health.why_not_started:
                telemetry.warn("waiting for the database", cause=str(error))
            health.why_not_started = str(error)
            await asyncio.sleep(PAUSE_SECONDS)
    telemetry.say("started")
    await settlement.run()


def _must_not_end(task: asyncio.Task[None]) -> None:
    """End it all: without a background task the service would only look well."""
    if not task.cancelled():
        telemetry.warn(
            "a background task ended: ending the service", cause=repr(task.exception())
        )
        os._exit(1)


telemetry.log_json_lines()
try:
    app = create_app(read_settings(os.environ))
except (SettingsError, NoLoginError) as error:
    sys.exit(f"orders cannot start: {error}")
