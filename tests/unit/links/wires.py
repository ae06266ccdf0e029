"""Both ends of connections through a proxy, in the hands of a test."""

from __future__ import annotations

import http.client
import json
import select
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - what JSON may be
        return json.loads(self.content)


@dataclass(frozen=True)
class Api:
    """The HTTP API of the server under test, without any library."""

    host: str
    port: int

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_SECONDS)
        try:
            sent = json.dumps(body).encode() if body is not None else raw
            connection.request(method, path, body=sent, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()


class Wires:
    """A proxy of its own, and the listening end of its upstream."""

    def __init__(self, api: Api, name: str) -> None:
        self.api = api
        self.name = name
        self.path = f"/proxies/{name}"
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(PATIENCE_SECONDS)
        self.upstream = address_of(self._listening)
        made = api.call(
            "POST",
            "/proxies",
            {"name": name, "listen": "127.0.0.1:0", "upstream": self.upstream},
        )
        assert made.status == 201, made
        host, _, port = made.json["listen"].rpartition(":")
        self.address = (host, int(port))

    def close(self) -> None:
        self.api.call("DELETE", self.path)
        self._listening.close()

    def close_upstream(self) -> None:
        self._listening.close()

    def add(
        self, kind: str, stream: str = "downstream", toxicity: float = 1.0, **at: int
    ) -> str:
        answer = self.api.call(
            "POST",
            f"{self.path}/toxics",
            {"type": kind, "stream": stream, "toxicity": toxicity, "attributes": at},
        )
        assert answer.status == 200, answer
        return f"{self.path}/toxics/{answer.json['name']}"

    @contextmanager
    def connected(self) -> Iterator[tuple[socket.socket, socket.socket]]:
        """Give the client's and the server's end of one connection through the proxy."""
        with socket.create_connection(self.address, timeout=PATIENCE_SECONDS) as client:
            server, _ = self._listening.accept()
            with server:
                server.settimeout(PATIENCE_SECONDS)
                yield client, server


def address_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"{host}:{port}"


def receive(end: socket.socket, size: int) -> bytes:
    """Receive exactly so many bytes."""
    received = b""
    while len(received) < size:
        piece = end.recv(size - len(received))
        assert piece, f"the end came after {len(received)} of {size} bytes"
        received += piece
    return received


def how_it_ends(end: socket.socket) -> str:
    """Read to the end: "closed" (FIN) or "reset" (RST); bytes before it are dropped."""
    try:
        while end.recv(65536):
            pass
    except ConnectionResetError:
        return "reset"
    return "closed"


def is_silent(end: socket.socket, *, seconds: float) -> bool:
    """Whether nothing at all, not even an end, comes in that time."""
    readable, _, _ = select.select([end], [], [], seconds)
    return not readable


@contextmanager
def at_least(seconds: float) -> Iterator[None]:
    """Hold a lower bound, which physics keeps and a busy machine cannot break."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    # Timers of milliseconds may ring up to one early.
    assert took >= seconds - 0.002, f"it took only {took:.3f} s"


class Echo:
    """An upstream that sends back what it gets, one thread for each connection."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = address_of(self._listening)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        # Closing alone would not wake the thread that accepts.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=_echo, args=[connection], daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            return
