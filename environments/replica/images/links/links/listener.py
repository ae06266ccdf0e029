"""A listening socket whose end is at once: after ``close`` the next caller is refused."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_BACKLOG = 1024
_ACCEPTED_AT_ONCE = 64
_BREATH_SECONDS = 1.0
_WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 - names them, listens nowhere by itself


class Listener:
    """Accepts TCP connections and hands each socket over."""

    def __init__(self, address: str, accepted: Callable[[socket.socket], None]) -> None:
        """Listen on ``host:port``.

        Raises:
            OSError: the address cannot be listened on.
            ValueError: it is no address.
        """
        self._accepted = accepted
        self._loop = asyncio.get_running_loop()
        self._socket = _listen(*split_address(address))
        self._breath: asyncio.TimerHandle | None = None
        self._is_accepting = False
        self.resume()

    @property
    def address(self) -> str:
        host, port = self._socket.getsockname()[:2]
        return join_address(host, port)

    def resume(self) -> None:
        if not self._is_accepting:
            self._is_accepting = True
            self._loop.add_reader(self._socket.fileno(), self._accept)

    def pause(self) -> None:
        """Leave callers waiting in the kernel's queue, which is bounded."""
        if self._is_accepting:
            self._is_accepting = False
            self._loop.remove_reader(self._socket.fileno())

    def close(self) -> None:
        self.pause()
        if self._breath is not None:
            self._breath.cancel()
        self._socket.close()

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            if not self._is_accepting:
                return
            try:
                connected, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                # Out of descriptors or memory: a busy loop would not bring any back.
                self.pause()
                self._breath = self._loop.call_later(_BREATH_SECONDS, self.resume)
                return
            connected.settimeout(0)
            self._accepted(connected)


def split_address(address: str) -> tuple[str, int]:
    """Split ``host:port``, where an IPv6 host stands in brackets.

    Raises:
        ValueError: it is no such thing.
    """
    if not address:
        return "", 0
    host, colon, port = address.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        raise ValueError(f"address {address}: missing port in address")
    return host.removeprefix("[").removesuffix("]"), int(port or "0")


def join_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    if host in _WILDCARDS and socket.has_dualstack_ipv6():
        listening = socket.create_server(
            ("::", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
        )
    else:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.settimeout(0)
    return listening
