"""What a fake world was told to do badly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from environments.model import (
    ImpairmentError,
    WorldError,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Trouble:
    """What the world was told to do badly: by (name, action), how often still."""

    fails_before: Counter[tuple[str, str]] = field(default_factory=Counter)
    fails_after: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignores: Counter[tuple[str, str]] = field(default_factory=Counter)

    def act(self, name: str, action: str, deed: Callable[[], None]) -> None:
        """Do the deed, unless trouble was ordered for this name and action."""
        asked = (name, action)
        self._raise_if_ordered(self.fails_before, asked)
        if not _used_up(self.ignores, asked):
            deed()
        self._raise_if_ordered(self.fails_after, asked)

    def _raise_if_ordered(
        self, orders: Counter[tuple[str, str]], asked: tuple[str, str]
    ) -> None:
        if _used_up(orders, asked):
            error = ImpairmentError if asked[1] in ("impair", "mend") else WorldError
            raise error(f"{asked[0]} was told to fail to {asked[1]}")


def _used_up(orders: Counter[tuple[str, str]], asked: tuple[str, str]) -> bool:
    """Take one order off, and say whether there was one."""
    if orders[asked] <= 0:
        return False
    orders[asked] -= 1
    return True
