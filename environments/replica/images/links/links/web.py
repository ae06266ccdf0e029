"""As much of an HTTP/1.1 server as the API needs; everything is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

_HEAD_BYTES = 16 * 1024
_BODY_BYTES = 1024 * 1024
_REQUEST_SECONDS = 15.0
_IDLE_SECONDS = 60.0
_REFUSED_SECONDS = 5.0
_REFUSED_BYTES = 16 * _BODY_BYTES
_CONNECTIONS = 256


@dataclass(frozen=True, slots=True)
class Request:
    """``headers`` have names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    status: HTTPStatus
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response]


class _RefusedError(Exception):
    """What came is answered with this status, and the connection closed."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Server:
    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._open = 0

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port.

        Raises:
            OSError: the address cannot be listened on.
        """
        server = await asyncio.start_server(self._serve, host, port, limit=_HEAD_BYTES)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= _CONNECTIONS:
                while await self._answer_one(reader, writer):
                    pass
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the caller is gone or says nothing more
        finally:
            self._open -= 1
            writer.close()

    async def _answer_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; say whether another may follow."""
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            async with asyncio.timeout(_REQUEST_SECONDS):
                request = await _read_request(head, reader)
            response = self._handler(request)
            follows = request.headers.get("connection", "").lower() != "close"
        except asyncio.LimitOverrunError:
            return await _refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reader, writer)
        except _RefusedError as refused:
            return await _refuse(refused.status, reader, writer)
        await _write(response, writer, follows=follows)
        return follows


async def _write(response: Response, writer: asyncio.StreamWriter, *, follows: bool) -> None:
    writer.write(_serialized(response, follows=follows))
    async with asyncio.timeout(_REQUEST_SECONDS):
        await writer.drain()


async def _refuse(
    status: HTTPStatus, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Answer, and hear the caller out before the connection is closed; none may follow.

    Closing while the caller still sends resets the connection, and a reset can overtake the
    answer (RFC 9112, section 9.6).
    """
    await _write(Response(status), writer, follows=False)
    writer.write_eof()
    left = _REFUSED_BYTES
    async with asyncio.timeout(_REFUSED_SECONDS):
        while left > 0 and (unread := await reader.read(_HEAD_BYTES)):
            left -= len(unread)
    return False


async def _read_request(head: bytes, reader: asyncio.StreamReader) -> Request:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    try:
        method, target, _ = first.split(" ")
        headers = {
            name.strip().lower(): value.strip()
            for name, value in (line.split(":", 1) for line in lines)
        }
        length = int(headers.get("content-length", "0"))
    except ValueError as error:
        raise _RefusedError(HTTPStatus.BAD_REQUEST) from error
    if "transfer-encoding" in headers:
        raise _RefusedError(HTTPStatus.LENGTH_REQUIRED)
    if not 0 <= length <= _BODY_BYTES:
        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = await reader.readexactly(length)
    return Request(method, target.partition("?")[0], headers, body)


def _serialized(response: Response, *, follows: bool) -> bytes:
    headers = dict(response.headers)
    if response.status is not HTTPStatus.NO_CONTENT:
        headers["Content-Type"] = response.content_type
        headers["Content-Length"] = str(len(response.body))
    headers["Connection"] = "keep-alive" if follows else "close"
    lines = [f"HTTP/1.1 {response.status.value} {response.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + response.body
