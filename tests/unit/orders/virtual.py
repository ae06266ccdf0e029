"""An event loop whose time passes only when somebody waits, or burns it by computing."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Value = TypeVar("Value")


class _Nobody(selectors.SelectSelector):
    """Waits for nothing: the time it is given has passed at once."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.passed += max(0.0, timeout or 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._nobody = _Nobody()
        super().__init__(self._nobody)

    def time(self) -> float:
        return self._nobody.passed

    def burn(self, seconds: float) -> None:
        """Compute for so long; nothing else happens meanwhile."""
        self._nobody.passed += seconds


def burn(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.burn(seconds)


def run_virtually(work: Coroutine[object, object, Value]) -> Value:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
