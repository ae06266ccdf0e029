"""The next release: it does nothing otherwise, and says which one it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp

VERSION = "1.1.0"
AROUND: Sequence[Callable[[ASGIApp], ASGIApp]] = ()
