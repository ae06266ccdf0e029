"""Where people's commands come in: a socket that only the node's root may open.

One command a connection, as a line of JSON; what is said meanwhile comes back line by line, and
a last line with the exit code.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .memory import CERTIFICATES
from .rotation import NotRotatedError, Rotation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .memory import Memory
    from .policy import Policy
    from .readers import Nodes

SOCKET = Path("/run/vault/operators")
SERVER = "server"


@dataclass(slots=True)
class Commands:
    """What people may ask for; ``rotation`` makes one that says what it does."""

    memory: Memory
    policy: Policy
    nodes: Nodes
    rotation: Callable[[Callable[[str], None]], Rotation]
    turn: threading.Lock = field(default_factory=threading.Lock)

    def run(self, words: Sequence[str], say: Callable[[str], None]) -> int:
        """Do it, and give the exit code."""
        match words:
            case []:
                self._list(say)
                return 0
            case ["list"]:
                self._list(say)
                return 0
            case ["rotate" | "revoke" as what, name] if name in self.memory.names():
                return self._change(what, name, say)
            case ["issue", node, seconds] if self._may_have_server(node) and seconds.isdigit():
                return self._issue(node, int(seconds), say)
        say(f"vault: {' '.join(words)}: no such command, secret or node")
        say(f"secrets: {', '.join(self.memory.names())}")
        return 2

    def _may_have_server(self, node: str) -> bool:
        grants = self.policy.grants.get(node)
        return grants is not None and SERVER in grants.certificates

    def _list(self, say: Callable[[str], None]) -> None:
        for line in self._lines():
            say(line)

    def _lines(self) -> Iterator[str]:
        yield f"{'secret':22}{'version':>8}{'age':>8}  for"
        for name in self.memory.names():
            if name in CERTIFICATES:
                lifetime = self.memory.lifetime(name)
                version, since = lifetime.generation, lifetime.changed_at
            else:
                secret = self.memory.secret(name)
                version, since = secret.version, secret.changed_at
            readers = ", ".join(sorted(self.policy.readers_of(name)))
            yield f"{name:22}{version:8}{time.time() - since:6.0f} s  {readers}"

    def _change(self, what: str, name: str, say: Callable[[str], None]) -> int:
        with self.turn:
            rotation = self.rotation(say)
            try:
                {"rotate": rotation.rotate, "revoke": rotation.revoke}[what](name)
            except NotRotatedError as error:
                say(f"vault: {name}: {error}")
                return 1
        say(f"{name} was {what}d")
        return 0

    def _issue(self, node: str, seconds: int, say: Callable[[str], None]) -> int:
        with self.turn:
            try:
                self.rotation(say).issue(node, SERVER, seconds)
            except NotRotatedError as error:
                say(f"vault: {node}: {error}")
                return 1
        say(f"{node} has another certificate, for {seconds} s")
        return 0


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        words = json.loads(self.rfile.readline())
        code = self.server.commands.run(words, self._say)  # type: ignore[attr-defined]  # see serve
        self._write({"code": code})

    def _say(self, line: str) -> None:
        self._write({"line": line})

    def _write(self, told: Mapping[str, Any]) -> None:
        self.wfile.write(json.dumps(told).encode() + b"\n")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def serve(commands: Commands, path: Path = SOCKET) -> None:
    """Take commands in threads of their own, from now on."""
    path.unlink(missing_ok=True)
    made = _Server(str(path), _Handler)
    made.commands = commands  # type: ignore[attr-defined]  # for its handlers
    threading.Thread(target=made.serve_forever, daemon=True, name="operators").start()


def ask(words: Sequence[str], say: Callable[[str], None], path: Path = SOCKET) -> int:
    """Have the vault do something, and give the exit code.

    Raises:
        OSError: no vault runs here.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(json.dumps(list(words)).encode() + b"\n")
        for line in connection.makefile():
            told = json.loads(line)
            if "code" in told:
                return int(told["code"])
            say(told["line"])
    raise OSError("the vault ended before it had done that")
