"""Where a customer comes from: the edge says so, and nobody else is believed."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass, field

ASK_AGAIN_SECONDS = 1.0  # the name of an edge that was started again has another address


@dataclass(slots=True)
class Proxies:
    """Believes the node of this name; "" is nobody."""

    name: str
    _addresses: frozenset[str] = field(default=frozenset(), init=False)
    _asked_at: float = field(default=float("-inf"), init=False)

    async def source(self, peer: str, said: str) -> str:
        """Give the address of the customer: what the edge says, or else the caller's own."""
        if not (self.name and said):
            return peer
        if peer not in self._addresses:
            await self._ask()
        return said if peer in self._addresses else peer

    async def _ask(self) -> None:
        now = time.monotonic()
        if now - self._asked_at < ASK_AGAIN_SECONDS:
            return
        self._asked_at = now
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                self.name, None, type=socket.SOCK_STREAM
            )
        except OSError:
            return  # whom it knew before it goes on knowing
        self._addresses = frozenset(str(address[0]) for *_, address in found)
