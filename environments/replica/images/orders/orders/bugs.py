"""Bugs on demand: what a bad release would do.

The service has a bug while a file of the bug's name is in ``FOLDER``; what the file says is
how bad the bug is.
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

FOLDER = Path("/run/orders/bugs")
LOOK_EVERY_SECONDS = 0.25


async def crash(folder: Path = FOLDER, end: Callable[[int], object] = os._exit) -> None:
    """End the process once it is so many seconds old as ``crash`` says; look for ever."""
    started = time.monotonic()
    while True:
        lives = _how_bad(folder / "crash")
        if lives is not None and time.monotonic() - started >= lives:
            telemetry.warn("a bug of this release ends the service", lived_seconds=lives)
            end(1)
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def _how_bad(bug: Path) -> float | None:
    try:
        return float(bug.read_text())
    except (FileNotFoundError, ValueError):  # it is not there, or is only just being written
        return None
