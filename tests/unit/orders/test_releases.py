"""We believe that each release does what it is said to do, and says which one it is."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
from starlette.responses import PlainTextResponse

from environments.replica.images.orders.orders import release as first_release
from environments.replica.release_nodes import IMAGES

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from starlette.types import ASGIApp, Receive, Scope, Send

GOOD = {"orders", "orders_next"}
RELEASES = sorted(one.name for one in IMAGES.glob("orders*"))


def file_of(image: str) -> Path:
    folder = IMAGES / image / ("orders" if image == "orders" else "")
    return folder / "release.py"


def release(image: str) -> Any:  # noqa: ANN401 - a module
    spec = importlib.util.spec_from_file_location(image, file_of(image))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("done")(scope, receive, send)


def around(image: str) -> ASGIApp:
    (wrap,) = release(image).AROUND
    wrapped: ASGIApp = wrap(service)
    return wrapped


async def answers(app: ASGIApp, path: str, count: int) -> list[int]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://it") as client:
        return [(await client.get(path)).status_code for _ in range(count)]


def test_every_release_has_a_version_of_its_own() -> None:
    texts = [file_of(image).read_text() for image in RELEASES]
    versions = {text.partition('VERSION = "')[2].partition('"')[0] for text in texts}
    assert len(versions) == len(RELEASES) > len(GOOD)
    assert first_release.VERSION in versions


def test_one_request_in_twenty_fails_and_no_probe() -> None:
    app = around("orders_errs")
    assert asyncio.run(answers(app, "/orders/1", 60)).count(500) == 3
    assert asyncio.run(answers(app, "/health/ready", 60)).count(500) == 0


def test_one_request_in_four_waits_once_it_is_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    app = around("orders_slow")
    monkeypatch.setattr(asyncio, "sleep", note)
    asyncio.run(answers(app, "/orders", 12))
    assert waited == [], "a smoke test sees nothing of it"
    asyncio.run(answers(app, "/orders", 40))
    assert waited == [0.7] * 10


def test_every_request_leaves_a_megabyte_behind() -> None:
    app: Any = around("orders_leaks")
    asyncio.run(answers(app, "/orders", 5))
    asyncio.run(answers(app, "/metrics", 5))
    kept = app._kept  # noqa: SLF001 - what it keeps is for nobody
    assert sum(map(len, kept)) == 5_000_000


def test_one_that_cannot_start_says_why() -> None:
    done = subprocess.run(
        [sys.executable, file_of("orders_dead")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "LIFEBOATS_URL is not set" in done.stderr


def test_one_drops_the_cents_of_what_is_more_than_a_smoke_test() -> None:
    statement = file_of("orders_corrupts").read_text()
    assert "amount_cents - amount_cents % 100" in statement
    assert "amount_cents > 1000" in statement
