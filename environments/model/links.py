"""A link, and what may happen to what flows on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import timedelta


class Stream(StrEnum):
    """Upstream flows from the caller to the called; downstream is the answer."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


@dataclass(frozen=True, slots=True)
class Latency:
    """Everything on the stream arrives later by ``milliseconds`` ± ``jitter_milliseconds``."""

    milliseconds: int
    jitter_milliseconds: int = 0
    stream: Stream = Stream.DOWNSTREAM


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """The stream carries at the most this many kilobytes (1,000 bytes) per second."""

    kilobytes_per_second: int
    stream: Stream = Stream.UPSTREAM


@dataclass(frozen=True, slots=True)
class ConnectionReset:
    """Each connection is reset (TCP RST) this long after its first bytes."""

    after_milliseconds: int = 0
    stream: Stream = Stream.DOWNSTREAM


@dataclass(frozen=True, slots=True)
class Down:
    """Nobody listens: open connections are closed and new ones are refused."""


Impairment = Latency | Bandwidth | ConnectionReset | Down


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """One small request sent over a link, and how it fared.

    ``seconds`` runs until the first byte of the answer, or until ``failure``
    ("refused", "reset", "closed" or "timeout").
    """

    seconds: float
    failure: str | None = None


class Link(Protocol):
    """The path between two parts, named ``caller-to-called`` (``app-to-db``)."""

    @property
    def name(self) -> str: ...

    def impair(self, impairment: Impairment) -> None:
        """Add the impairment; the same one twice is one.

        Raises:
            ImpairmentError: the link did not take it, by its own word or when read back.
        """
        ...

    def mend(self, impairment: Impairment) -> None:
        """Take that impairment off and nothing else; does nothing where it is not on."""
        ...

    def impairments(self) -> frozenset[Impairment]:
        """What is on the link now, read from the link itself."""
        ...

    def mark_of(self, impairment: Impairment) -> str:
        """What a trace of that impairment says."""
        ...

    def round_trip(self, *, payload_bytes: int = 0, within: timedelta) -> RoundTrip:
        """Send one request of at least ``payload_bytes`` over the link, as its caller would."""
        ...
