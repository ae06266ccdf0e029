"""What may happen to the packets that a node sends and receives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection


class Direction(StrEnum):
    """Which packets of the node that is cut are lost, seen from that node."""

    BOTH = "both"
    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets between a node and these peers are dropped in silence: all, or so many of 100."""

    peers: frozenset[str]
    direction: Direction = Direction.BOTH
    percent: int = 100


@runtime_checkable
class Cuttable(Protocol):
    """A node whose packets to and from chosen peers can be dropped."""

    def cut(self, cut: Cut) -> None:
        """Start dropping; the same cut twice is one cut."""
        ...

    def uncut(self, cut: Cut) -> None:
        """Undo that cut and nothing else; does nothing where there is none."""
        ...

    def is_cut(self, cut: Cut) -> bool:
        """Whether the cut's rules are all in force, read back from where packets pass."""
        ...

    def drops(self, cut: Cut) -> bool:
        """Whether packets sent to each peer now are lost to its rules, as many as it says."""
        ...

    def reaches(self, peers: Collection[str]) -> frozenset[str]:
        """The peers that answer a packet sent now."""
        ...

    def mark_of(self, cut: Cut) -> str:
        """What a trace of that cut says."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """All packets to these peers together get so many kilobits (1,000 bits) per second."""

    peers: frozenset[str]
    kilobits_per_second: int


@runtime_checkable
class Limitable(Protocol):
    """A node that can be made to send only so much to chosen peers; one limit at a time."""

    def limit(self, limit: Limit) -> None:
        """Start limiting; the same limit twice is one.

        Raises:
            WorldError: the node bears another, whoever put it there.
        """
        ...

    def unlimit(self, limit: Limit) -> None:
        """Undo that limit and nothing else; does nothing where there is none."""
        ...

    def is_limited(self, limit: Limit) -> bool:
        """Whether the limit is in force, all of it, read back from where packets pass."""
        ...

    def has_queue(self, limit: Limit) -> bool:
        """Whether anything of the limit is left, though it be not all of it."""
        ...

    def holds_back(self, limit: Limit) -> bool:
        """Whether packets sent now, a few to each peer of the limit, have to wait."""
        ...

    def mark_of_limit(self, limit: Limit) -> str:
        """What a trace of that limit says."""
        ...


@runtime_checkable
class Resolving(Protocol):
    """A node that asks the network for addresses, and can be left without an answer."""

    def lose_dns(self) -> None:
        """Start dropping what the node asks the network's DNS, in silence; twice is once."""
        ...

    def regain_dns(self) -> None:
        """Undo that and nothing else; does nothing where it was not done."""
        ...

    def has_lost_dns(self) -> bool:
        """Whether the rules that drop are in force, read back from where packets pass."""
        ...

    def loses_lookups(self) -> bool:
        """Whether a name that is looked up now is lost, and to those rules."""
        ...

    def resolves(self) -> bool:
        """Whether a name that is looked up now is found."""
        ...

    def mark_of_lost_dns(self) -> str:
        """What the trace of it says."""
        ...
