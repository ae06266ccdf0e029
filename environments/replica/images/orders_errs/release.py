"""A release that fails one order in twenty: after the smoke test, which orders fewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

VERSION = "1.2.0"
ONE_IN = 20


class Fails:
    """Of what customers ask, every twentieth request is not done."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/orders"):
            self._asked += 1
            if self._asked % ONE_IN == 0:
                raise RuntimeError("a bug of this release")
        await self._app(scope, receive, send)


AROUND = (Fails,)
