"""We believe that a bug is there as long as its file is, and leaks as much as that says."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import TYPE_CHECKING

import httpx
from starlette.responses import PlainTextResponse

from environments.replica.images.orders.orders.bugs import Bugs

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
