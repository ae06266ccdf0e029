"""A small real HTTP server that takes orders, and misbehaves as asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Iterator


class Behaviour(StrEnum):
    OK = "ok"
    TRICKLE = "trickle"  # 201, and then a byte now and then
    UNAVAILABLE = "unavailable"  # 503, nothing done
    LIMITED = "limited"  # 429, nothing done
    HANG = "hang"  # taken, never answered
    RESET = "reset"  # taken, then TCP RST
    CLOSE = "close"  # taken, then closed without a word
    WRONG_BODY = "wrong body"  # 201 with another amount
    TRUNCATED = "truncated"  # the whole JSON, but fewer bytes than announced
    SLOW = "slow"  # taken, answered after SLOW_SECONDS
    REDIRECT = "redirect"


SLOW_SECONDS = 0.8
LOGIN_SECONDS = 4.0


class Shop:
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.behaviour = Behaviour.OK
        self.orders: list[dict[str, Any]] = []
        self.taken_at: dict[str, float] = {}
        self.posts: list[str] = []
        self.credentials: set[str | None] = set()
        self.logins: list[object] = []
        self.revoked: set[str | None] = set()  # what no order may show any more
        self.met: dict[str, Behaviour] = {}
        self.page: object = None  # answers every listing, where set
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self.port = 0
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def entrance(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def listens(self) -> bool:
        return self._server is not None

    def start(self) -> None:
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def refuse(self) -> None:
        """Stop listening and close every connection, as a process that died."""
        self._run(self._refuse())

    def listen_again(self) -> None:
        self._run(self._listen())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=5)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._answer_one(reader, writer):
                pass
        self._open.discard(writer)
        writer.close()

    async def _answer_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        start, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (x.split(": ", 1) for x in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = start.split(" ")
        if target == "/login" and self.behaviour is not Behaviour.UNAVAILABLE:
            self.logins.append(json.loads(body))
            token = {"token": f"t{len(self.logins)}", "expires_in": LOGIN_SECONDS}
            return await _reply(writer, 200, token)
        if method == "POST" and target != "/login":
            self.posts.append(headers["idempotency-key"])
            self.credentials.add(headers.get("authorization"))
            self.met[headers["idempotency-key"]] = self.behaviour
            if headers.get("authorization") in self.revoked:
                return await _reply(writer, 401, {"error": "this token was revoked"})
        if self.behaviour in REJECTIONS:
            return await _reply(writer, REJECTIONS[self.behaviour], {"error": self.behaviour})
        if method == "GET" and self.behaviour is Behaviour.HANG:
            await asyncio.sleep(60)
        if method == "GET":
            return await _reply(writer, *self._look_up(target))
        order = self._take(headers["idempotency-key"], json.loads(body))
        return await MISDEEDS.get(self.behaviour, _say_yes)(writer, order)

    def _take(self, key: str, fields: dict[str, Any]) -> dict[str, Any]:
        order = {"id": len(self.orders) + 1, "key": key, **fields, "status": "paid"}
        self.orders.append(order)
        self.taken_at[key] = time.monotonic()
        return order

    def _look_up(self, target: str) -> tuple[int, object]:
        url = urlsplit(target)
        if url.path != "/orders":
            return 200, self.orders[int(url.path.rsplit("/", 1)[1]) - 1]
        if self.page is not None:
            return 200, self.page
        query = parse_qs(url.query)
        after, limit = int(query.get("after", ["0"])[0]), int(query["limit"][0])
        page = self.orders[after : after + limit]
        more = after + limit < len(self.orders)
        return 200, {"orders": page, "next": page[-1]["id"] if more else None}


async def _reply(
    writer: asyncio.StreamWriter, status: int, body: object, *, missing_bytes: int = 0
) -> bool:
    content = json.dumps(body).encode()
    length = len(content) + missing_bytes
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nLocation: /orders\r\n\r\n"
    writer.write(head.encode() + content)
    await writer.drain()
    return missing_bytes == 0


async def _say_yes(writer: asyncio.StreamWriter, order: dict[str, Any]) -> bool:
    return await _reply(writer, 201, order)


async def _hang(_: asyncio.StreamWriter, __: dict[str, Any]) -> bool:
    await asyncio.sleep(60)
    return False


async def _reset(writer: asyncio.StreamWriter, _: dict[str, Any]) -> bool:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


async def _close(_: asyncio.StreamWriter, __: dict[str, Any]) -> bool:
    return False


async def _lie(writer: asyncio.StreamWriter, order: dict[str, Any]) -> bool:
    return await _reply(writer, 201, order | {"amount_cents": -1})


async def _truncate(writer: asyncio.StreamWriter, order: dict[str, Any]) -> bool:
    return await _reply(writer, 201, order, missing_bytes=5)


async def _trickle(writer: asyncio.StreamWriter, order: dict[str, Any]) -> bool:
    await _reply(writer, 201, order, missing_bytes=10)
    for _ in range(10):
        await asyncio.sleep(1)
        writer.write(b" ")
    return False


async def _dawdle(writer: asyncio.StreamWriter, order: dict[str, Any]) -> bool:
    await asyncio.sleep(SLOW_SECONDS)
    return await _reply(writer, 201, order)


REJECTIONS = {Behaviour.UNAVAILABLE: 503, Behaviour.LIMITED: 429, Behaviour.REDIRECT: 307}
MISDEEDS: dict[
    Behaviour, Callable[[asyncio.StreamWriter, dict[str, Any]], Coroutine[Any, Any, bool]]
] = {
    Behaviour.HANG: _hang,
    Behaviour.RESET: _reset,
    Behaviour.CLOSE: _close,
    Behaviour.WRONG_BODY: _lie,
    Behaviour.TRUNCATED: _truncate,
    Behaviour.TRICKLE: _trickle,
    Behaviour.SLOW: _dawdle,
}


@contextmanager
def open_shop(tls: ssl.SSLContext | None = None) -> Iterator[Shop]:
    shop = Shop(tls)
    shop.start()
    try:
        yield shop
    finally:
        shop.stop()
