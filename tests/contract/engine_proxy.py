"""A proxy in front of the real engine that fails as engines fail, whenever it is told to.

It listens on a socket of its own, forwards bytes both ways, and takes one-line orders on a
second socket: so a drill, which runs in another process, says itself at which moment its
engine fails. The real engine goes on all the while.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK_BYTES = 65536
EXEC_START = re.compile(rb"POST \S*/exec/[0-9a-f]+/start ")
HEAD_ENDS = b"\r\n\r\n"


class Mode(StrEnum):
    """How the engine behaves."""

    WELL = "well"
    AWAY = "away"  # nobody listens, and open connections are cut: it is being restarted
    SILENT = "silent"  # it takes requests and answers nothing
    EXEC_UNANSWERED = "exec-unanswered"  # it never answers that a command was started
    EXEC_STUCK = "exec-stuck"  # it answers that, and never tells of the command's end


def tell(orders: Path, order: str) -> None:
    """Tell the proxy: a mode, and how many seconds it lasts where it ends by itself."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as line:
        line.settimeout(10)
        line.connect(str(orders))
        line.sendall(f"{order}\n".encode())
        if line.recv(16) != b"done\n":
            raise RuntimeError(f"the proxy did not do {order!r}")


@dataclass(eq=False)
class _Line:
    """One connection to the engine, forwarded by two threads."""

    proxy: EngineProxy
    client: socket.socket
    engine: socket.socket
    is_muted: bool = False
    passes_head: bool = False
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for work in (self._ask, self._answer):
            thread = threading.Thread(target=work, name="engine proxy", daemon=True)
            self.threads.append(thread)
            thread.start()

    def cut(self) -> None:
        for end in (self.client, self.engine):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _ask(self) -> None:
        self._forward(self.client, self.engine, self._listen)

    def _answer(self) -> None:
        self._forward(self.engine, self.client, self._hush)

    def _forward(self, source: socket.socket, sink: socket.socket, change: object) -> None:
        assert callable(change)
        with suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                self.proxy.flows.wait()
                sink.sendall(change(data))
        if sink is self.client and self.is_muted:
            return  # of the command's end nobody is told
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _listen(self, request: bytes) -> bytes:
        mode = self.proxy.mode
        if EXEC_START.search(request) and mode in {Mode.EXEC_UNANSWERED, Mode.EXEC_STUCK}:
            self.is_muted, self.passes_head = True, mode is Mode.EXEC_STUCK
        return request

    def _hush(self, answer: bytes) -> bytes:
        if not self.is_muted:
            return answer
        head, ends, _ = answer.partition(HEAD_ENDS)
        if self.passes_head and ends:
            self.passes_head = False
            return head + ends
        return b""


class EngineProxy:
    """The proxy; it is told by ``be`` in this process, and by ``tell`` in another."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.socket = folder / "engine.sock"
        self.orders = folder / "orders.sock"
        self.mode = Mode.WELL
        self.flows = threading.Event()
        self.flows.set()
        self._engine = engine
        self._lock = threading.Lock()
        self._lines: set[_Line] = set()
        self._listener: socket.socket | None = None
        self._end: threading.Timer | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def be(self, mode: Mode, seconds: float | None = None) -> None:
        """Behave so from now on, or for that long and then well again."""
        with self._lock:
            if self._end is not None:
                self._end.cancel()
                self._end = None
            self.mode = mode
            if mode is Mode.AWAY:
                self._leave()
            elif self._listener is None:
                self._listen()
            if mode is Mode.SILENT:
                self.flows.clear()
            else:
                self.flows.set()
            if seconds is not None:
                self._end = threading.Timer(seconds, self.be, [Mode.WELL])
                self._end.daemon = True
                self._end.start()

    def _listen(self) -> None:
        self._listener = _listening(self.socket)
        _serve(self._listener, self._take)

    def _leave(self) -> None:
        if self._listener is not None:
            self.socket.unlink()
            with suppress(OSError):  # accept(2) of another thread ends with this
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for line in self._lines:
            line.cut()
        self._lines.clear()

    def _take(self, client: socket.socket) -> None:
        engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        engine.connect(self._engine)
        line = _Line(self, client, engine)
        with self._lock:
            self._lines.add(line)
        line.start()

    def _obey(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError):
            mode, *seconds = client.recv(256).decode().split()
            self.be(Mode(mode), float(seconds[0]) if seconds else None)
            client.sendall(b"done\n")

    @contextmanager
    def open(self) -> Iterator[EngineProxy]:
        with ExitStack() as stack:
            orders = stack.enter_context(closing(_listening(self.orders)))
            stack.callback(orders.shutdown, socket.SHUT_RDWR)
            _serve(orders, self._obey)
            stack.callback(self.be, Mode.AWAY)
            self.be(Mode.WELL)
            yield self


def _listening(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(128)
    return listener


def _serve(listener: socket.socket, take: object) -> None:
    assert callable(take)

    def serve() -> None:
        with suppress(OSError):
            while True:
                take(listener.accept()[0])

    threading.Thread(target=serve, name="engine proxy", daemon=True).start()
