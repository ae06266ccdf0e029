"""A release that leaks memory: little by little, so that no smoke test sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

VERSION = "1.4.0"
BYTES_PER_REQUEST = 1_000_000


class Keeps:
    """All that customers ask leaves a megabyte behind, for ever."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/orders"):
            # Written, or the kernel would not have given it.
            self._kept.append(b"x" * BYTES_PER_REQUEST)
        await self._app(scope, receive, send)


AROUND = (Keeps,)
