"""Bugs on demand: what a bad release would do, so that drills show who notices and mends it.

Each bug is a file in ``FOLDER``, which says how bad it is. It does nothing until that is there,
and taking it away is what rolling the release back would be.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = Path("/run/orders/bugs")
BYTES_PER_KILOBYTE = 1000
LOOK_EVERY_SECONDS = 0.25


class Bugs:
    """``leak``: every request keeps as many kilobytes for ever as the file says."""

    def __init__(self, app: ASGIApp, folder: Path = FOLDER) -> None:
        self._app = app
        self._leak = folder / "leak"
        self._leaked: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._keep_some()
        await self._app(scope, receive, send)

    def _keep_some(self) -> None:
        kilobytes = how_bad(self._leak)
        if kilobytes is None:
            self._leaked.clear()
        else:  # written, or the kernel would not have given it
            self._leaked.append(b"x" * int(kilobytes * BYTES_PER_KILOBYTE))


async def crash(folder: Path = FOLDER, end: Callable[[int], object] = os._exit) -> None:
    """End the process once it is so many seconds old as ``crash`` says; look for ever."""
    started = time.monotonic()
    while True:
        lives = how_bad(folder / "crash")
        if lives is not None and time.monotonic() - started >= lives:
            telemetry.warn("a bug of this release ends the service", lived_seconds=lives)
            end(1)
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def how_bad(bug: Path) -> float | None:
    try:
        return float(bug.read_text())
    # It is not there, is only just being written, or no descriptor is left to look with: what
    # is for drills alone ends no service.
    except (OSError, ValueError):
        return None
