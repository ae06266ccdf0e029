"""A node, and what may happen to its service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended by itself."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


class Node(Protocol):
    """One instance in an environment."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def zone(self) -> str:
        """The part of the region that is lost as one; "" where the node stands in none."""
        ...

    def run(
        self,
        command: Sequence[str],
        *,
        within: timedelta,
        variables: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run a command on the node, with these environment variables added.

        Raises:
            CommandTimedOutError: it was still running after ``within``; it was ended.
            WorldError: the node is not there to run anything.
        """
        ...

    def log(self, *, since: datetime) -> str:
        """What the node has logged since that moment (an aware datetime)."""
        ...


@runtime_checkable
class Killable(Protocol):
    """A node whose service can end at once, as in a crash or a power cut."""

    def kill(self) -> None:
        """End the service with SIGKILL. Nothing is flushed, nobody is told."""
        ...

    def start(self) -> None:
        """Start the service again; does nothing where it runs already."""
        ...

    def is_running(self) -> bool: ...


@runtime_checkable
class Pausable(Protocol):
    """A node that can freeze: it keeps its connections and answers nothing."""

    def pause(self) -> None: ...
    def resume(self) -> None:
        """Let the node go on; does nothing where it is not paused."""
        ...

    def is_paused(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Places:
    """How many processes a node has, threads included, and how many it may have."""

    taken: int
    at_most: int | None  # None: as many as its host


@runtime_checkable
class Crowded(Protocol):
    """A node that may run out of processes, and can be reached from outside when it has."""

    def places(self) -> Places:
        """Count its processes from outside."""
        ...

    def run_among(self, script: str) -> str:
        """Run a shell script that sees the node's processes and takes none of its places.

        It sees none of the node's files. What it printed is given.

        Raises:
            WorldError: the node does not run, or the script failed; it says how.
        """
        ...
