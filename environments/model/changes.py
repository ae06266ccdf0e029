"""An environment whose service is changed by tools, and what they say about that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStatus:
    """Which release serves, and how far another one has come."""

    live: str  # the version that is said to be live
    colour: str  # "blue": the places that all began with; or "green"
    phase: str  # "idle", "preparing", "serving", "watched" or "rolling back"
    change: str
    share: float
    verified: bool  # that the last rollback is done was read back
    trouble: str  # what harms customers; "" where nothing was found
    serving: Mapping[str, str]  # place -> the version that it says it is


@runtime_checkable
class Changing(Protocol):
    """An environment with such tools. Each method raises WorldError where one is silent."""

    def change_tools(self) -> Sequence[str]:
        """Name the nodes that change the service."""
        ...

    def changes(self, tool: str, after: int) -> Sequence[ChangeTold]:
        """List what a tool says with larger numbers, oldest first."""
        ...


@runtime_checkable
class Deployed(Changing, Protocol):
    """An environment with a deployer, and places for another release."""

    def deployment(self) -> DeploymentStatus: ...

    def deploy(self, what: str) -> str:
        """Have the deployer "start", "promote", "switch" or "rollback"; give what it says."""
        ...
