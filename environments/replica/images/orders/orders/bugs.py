"""Bugs on demand: what a bad release would do, so that drills show who notices and mends it.

Each bug is a file in ``FOLDER``. It does nothing until that is there, and taking it away is
what rolling the release back would be.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = Path("/run/orders/bugs")
BYTES_PER_KILOBYTE = 1000


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
        try:
            kilobytes = int(self._leak.read_text())
        except FileNotFoundError:
            self._leaked.clear()
        else:  # written, or the kernel would not have given it
            self._leaked.append(b"x" * (kilobytes * BYTES_PER_KILOBYTE))
