"""A release that is slow for one order in four: once it is warm, as a smoke test is not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

VERSION = "1.3.0"
ONE_IN = 4
WARM_AFTER = 12  # requests
WAITS_SECONDS = 0.7


class Waits:
    """Of what customers ask, every fourth request waits."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/orders"):
            self._asked += 1
            if self._asked > WARM_AFTER and self._asked % ONE_IN == 0:
                await asyncio.sleep(WAITS_SECONDS)
        await self._app(scope, receive, send)


AROUND = (Waits,)
