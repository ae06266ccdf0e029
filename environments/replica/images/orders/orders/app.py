"""Puts the service together and runs what goes on in the background."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import httpx

from . import telemetry
from .breaker import Breaker
from .cache import Cache
from .database import Database, DatabaseUnavailableError, connect
from .health import PAUSE_SECONDS, DatabaseWatch, Health
from .intake import Intake
from .marking import Marking
from .payments import Payments
from .pool import Pool
from .routes import Services, make_app
from .settings import Settings, SettingsError, read_settings
from .settlement import Settlement
from .store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI


def create_app(settings: Settings) -> FastAPI:
    # trust_env off: payments is inside, no proxy of the environment leads there.
    client = httpx.AsyncClient(base_url=settings.payments_url, trust_env=False)
    payments = Payments(client, Breaker(time.monotonic) if settings.payments_breaker else None)
    pool = Pool(lambda: connect(settings), settings.pool_size)
    store, watch = Store(Database(pool)), DatabaseWatch(settings)
    cache = Cache(settings.redis_host, settings.redis_port)
    marking = Marking(store)
    health = Health(
        database=watch,
        cache=cache,
        payments=payments,
        needs_cache=settings.health_needs_cache,
    )
    settlement = Settlement(store, payments)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        telemetry.watch(pool, payments)
        telemetry.say("starting", settings=settings)
        pool.start()
        background = [
            asyncio.create_task(_watch(watch, cache, health)),
            asyncio.create_task(marking.run()),
            asyncio.create_task(_start(store, health, settlement)),
        ]
        for task in background:
            task.add_done_callback(_must_not_end)
        yield
        telemetry.say("stopping")
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        watch.close()
        await pool.stop()
        await asyncio.gather(client.aclose(), cache.close())

    return make_app(Services(Intake(store, payments, marking), store, cache, health), lifespan)


async def _watch(watch: DatabaseWatch, cache: Cache, health: Health) -> None:
    """Look at the dependencies for ever, and log it when readiness says something else."""
    last = None
    while True:
        await asyncio.gather(watch.check(), cache.check())
        report = health.readiness()
        if report != last:
            telemetry.say("readiness", **asdict(report))
        last = report
        await asyncio.sleep(watch.pause)


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
except SettingsError as error:
    sys.exit(f"orders cannot start: {error}")
