"""What may happen to a node's disk, and to what it begins connections with."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class DiskSlowable(Protocol):
    """A node on whose disk only so many writes in a second can be let through.

    It is the node's own limit: nobody else who uses that disk is held back.
    """

    def why_disk_cannot_be_slowed(self) -> str | None:
        """Say how a sentence goes on that begins with the node; None where it can be."""
        ...

    def slow_disk(self, writes_per_second: int) -> None:
        """Start limiting; the same limit twice is one.

        Raises:
            WorldError: it cannot be done here.
        """
        ...

    def unslow_disk(self, writes_per_second: int) -> None:
        """Undo that limit and nothing else; does nothing where it is not in force."""
        ...

    def is_disk_slowed(self, writes_per_second: int) -> bool:
        """Whether that limit is in force, read back from where writes pass."""
        ...

    def mark_of_slow_disk(self, writes_per_second: int) -> str:
        """What a trace of that limit says."""
        ...


@runtime_checkable
class Disconnectable(Protocol):
    """A node whose own connections can be ended."""

    def end_connections(self, ports: range) -> None:
        """End what it connected from these ports of its own, and what it connects meanwhile.

        It goes on for two seconds. Whoever listens goes on listening.
        """
        ...
