"""We believe that a bug is there exactly while its file is, and as bad as that says."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import PlainTextResponse

from environments.replica.images.orders.orders.bugs import LOOK_EVERY_SECONDS, Bugs, crash

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

REQUESTS = 5
KILOBYTES = 400


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("done")(scope, receive, send)


def leaked_bytes(client: httpx.AsyncClient) -> int:
    async def ask() -> None:
        for _ in range(REQUESTS):
            assert (await client.get("/orders/1")).text == "done"

    before, _ = tracemalloc.get_traced_memory()
    asyncio.run(ask())
    after, _ = tracemalloc.get_traced_memory()
    return after - before


def test_each_request_keeps_memory_while_the_bug_is_there_and_no_longer(tmp_path: Path) -> None:
    transport = httpx.ASGITransport(Bugs(service, tmp_path))
    client = httpx.AsyncClient(transport=transport, base_url="http://orders")
    all_of_it = REQUESTS * KILOBYTES * 1000
    tracemalloc.start()
    try:
        assert leaked_bytes(client) < all_of_it // 2
        (tmp_path / "leak").write_text(f"{KILOBYTES}\n")
        assert leaked_bytes(client) >= all_of_it * 0.99
        (tmp_path / "leak").unlink()
        assert leaked_bytes(client) <= -all_of_it * 0.9
    finally:
        tracemalloc.stop()


class EndedError(Exception):
    """Stands for the end of the process."""


def end(code: int) -> None:
    assert code == 1
    raise EndedError


def lives(folder: Path, *, seconds: float) -> bool:
    """Whether a service with the bugs of this folder is there after so long."""

    async def live() -> None:
        async with asyncio.timeout(seconds):
            await crash(folder, end)

    try:
        asyncio.run(live())
    except TimeoutError:
        return True
    except EndedError:
        return False
    raise AssertionError("nobody looks for the bug any more")


@pytest.mark.parametrize("said", [None, "", "100"], ids=["no file", "half a file", "later"])
def test_a_service_lives_on_without_the_bug_or_before_its_time(
    tmp_path: Path, said: str | None
) -> None:
    if said is not None:
        (tmp_path / "crash").write_text(said)
    assert lives(tmp_path, seconds=LOOK_EVERY_SECONDS + 0.1)


def test_it_ends_once_it_is_that_old(tmp_path: Path) -> None:
    (tmp_path / "crash").write_text("0.4\n")
    assert lives(tmp_path, seconds=0.3)
    assert not lives(tmp_path, seconds=5)


def test_a_bug_that_cannot_be_looked_for_is_not_there(tmp_path: Path) -> None:
    for bug in ("crash", "leak"):
        (tmp_path / bug).mkdir()  # cannot be read, as a file cannot without a descriptor
    transport = httpx.ASGITransport(Bugs(service, tmp_path))
    client = httpx.AsyncClient(transport=transport, base_url="http://orders")
    assert asyncio.run(client.get("/orders/1")).text == "done"
    assert lives(tmp_path, seconds=LOOK_EVERY_SECONDS + 0.1)
