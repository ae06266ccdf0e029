"""An environment whose service is changed by tools, and what they say about that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTold:
    """A change came to a step, so many seconds ago. Words are those of the changes log."""

    number: int  # a tool counts its own
    age_seconds: float
    change: str
    kind: str
    event: str
    share: float | None  # of customers, from 0 to 1
    by: str
    why: str


@runtime_checkable
class Changing(Protocol):
    """An environment with such tools. Each method raises WorldError where one is silent."""

    def change_tools(self) -> Sequence[str]:
        """Name the nodes that change the service."""
        ...

    def changes(self, tool: str, after: int) -> Sequence[ChangeTold]:
        """List what a tool says with larger numbers, oldest first."""
        ...
