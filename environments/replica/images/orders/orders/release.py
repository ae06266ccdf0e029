"""Which release this is, and what it does otherwise than the one that all began with.

The image of another release has this file in another version, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp

VERSION = "1.0.0"
# What stands around all that customers ask, the innermost first.
AROUND: Sequence[Callable[[ASGIApp], ASGIApp]] = ()
