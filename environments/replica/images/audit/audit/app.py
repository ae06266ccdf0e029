"""The trail over HTTP: append, ask for its head, and be told what alarms."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
import time
from contextlib import asynccontextmanager
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Body, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse

from .alerts import Alerts
from .collector import Collector
from .events import touched
from .settings import Settings, SettingsError, read_settings
from .trail import Trail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from .chain import Anchor

MOST_BYTES = 1 << 20
MOST_ENTRIES = 1000
PAGE = 1000
LINES = "application/jsonl"


def addresses_of(name: str) -> frozenset[str]:
    """Give the addresses that go by this name; none where nothing does."""
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset(str(address[0]) for *_, address in found)


def create_app(
    settings: Settings, resolve: Callable[[str], frozenset[str]] = addresses_of
) -> FastAPI:
    trail, alerts = Trail(settings.trail), Alerts()
    collector = Collector(settings, trail, alerts)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(collector.run())
        task.add_done_callback(_must_not_end)
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    app = FastAPI(title="audit", lifespan=lifespan, openapi_url=None)
    instances: dict[str, str] = {}  # address -> the instance that speaks from there
    app.include_router(_appending(trail, alerts, instances))
    app.include_router(_reading(trail, settings))
    app.include_router(_claiming(collector, instances, resolve))
    app.include_router(_watching(collector))
    return app


def _appending(trail: Trail, alerts: Alerts, instances: Mapping[str, str]) -> APIRouter:
    router = APIRouter()

    @router.post("/entries")
    async def append(request: Request) -> Response:
        """Append one entry, or a list of them; the answer anchors the last one."""
        body = await request.body()
        try:
            entries = _entries(body)
            source = _address(request)
            head = trail.append(entries, instances.get(source, source))
        except (ValueError, RecursionError) as error:
            return JSONResponse({"error": str(error)}, 422)
        except OSError as error:
            return JSONResponse({"error": f"it was not appended: {error}"}, 503)
        for one in entries:
            if _alarms(one):
                alerts.add(str(one["action"]), str(one.get("subject", "")), time.monotonic())
        return JSONResponse(_anchor(head), 201)

    return router


def _reading(trail: Trail, settings: Settings) -> APIRouter:
    router = APIRouter()

    @router.get("/entries")
    def entries(
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    ) -> Response:
        """Give lines of the trail as they are."""
        lines = islice(trail.lines(), after, after + limit)
        return Response(b"".join(lines), media_type=LINES)

    @router.get("/head")
    async def head() -> Response:
        return JSONResponse(_anchor(trail.head))

    @router.get("/touched")
    def touched_by_strangers(login: str = settings.service) -> Response:
        """Give what was done to orders in the service's name and not by it, a line each."""
        everything = (json.loads(line)["entry"] for line in trail.lines())
        found = touched(everything, login, settings.instances)
        return Response("".join(f"{json.dumps(one)}\n" for one in found), media_type=LINES)

    return router


def _claiming(
    collector: Collector, instances: dict[str, str], resolve: Callable[[str], frozenset[str]]
) -> APIRouter:
    router = APIRouter()

    @router.post("/claims")
    async def claim(
        request: Request,
        instance: Annotated[str, Body()],
        sessions: Annotated[list[int], Body()],
    ) -> Response:
        """Be told by an instance which sessions of the database are its own."""
        is_an_instance = instance.startswith(collector.settings.instances)
        address = _address(request)
        if not (is_an_instance and address in resolve(instance)):
            return JSONResponse({"error": f"{instance} does not speak from there"}, 403)
        instances[address] = instance
        collector.sessions.claim(instance, frozenset(sessions))
        return Response(status_code=204)

    return router


def _watching(collector: Collector) -> APIRouter:
    router = APIRouter()

    @router.get("/alerts")
    async def alerts() -> Response:
        return JSONResponse({"alerts": collector.alerts.told(time.monotonic())})

    @router.get("/health")
    async def health() -> Response:
        """Say whether the database's notes are brought; entries are taken either way."""
        trouble = collector.trouble
        told = {"status": "troubled" if trouble else "ok", "reason": trouble}
        return JSONResponse(told, 503 if trouble else 200)

    return router


def _entries(body: bytes) -> list[dict[str, object]]:
    """Read what is to be appended.

    Raises:
        ValueError: it cannot be.
    """
    if len(body) > MOST_BYTES:
        raise ValueError(f"that is more than {MOST_BYTES} bytes: append it in parts")
    document = json.loads(body)
    told = document if isinstance(document, list) else [document]
    if not 1 <= len(told) <= MOST_ENTRIES or not all(isinstance(one, dict) for one in told):
        raise ValueError(f"give one entry, or a list of up to {MOST_ENTRIES}")
    if not all(one.get("actor") and one.get("action") for one in told):
        raise ValueError("an entry says at least its actor and its action")
    return told


def _alarms(entry: dict[str, object]) -> bool:
    """Whether people are to be told of it at once, as whoever wrote it says."""
    details = entry.get("details")
    return isinstance(details, dict) and details.get("alarm") is True


def _anchor(head: Anchor) -> dict[str, object]:
    return {"number": head.number, "hash": head.hash}


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _must_not_end(task: asyncio.Task[None]) -> None:
    """End it all: without its collector the trail would only look whole."""
    if not task.cancelled():
        logging.getLogger("audit").error("the collector ended: %r", task.exception())
        os._exit(1)


def from_environment() -> FastAPI:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        return create_app(read_settings(os.environ))
    except SettingsError as error:
        sys.exit(f"audit cannot start: {error}")
