"""What an environment is and can do, whoever provides it.

Everything outside this package speaks these words alone: nothing else knows whether a
node is a container, a host or a pod. What a node can also do (be killed, paused, cut
off) is small and optional: ask with ``isinstance``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta


class WorldError(Exception):
    """Something about the world is not as asked; the message is one sentence with a remedy."""


class UnknownNameError(WorldError):
    """No environment, node, role, region or link goes by that name."""


class GoneError(WorldError):
    """What was asked is not there any more, and waiting does not bring it back."""


class UnreachableError(WorldError):
    """Whoever runs the world did not answer: nobody knows whether it did as it was asked."""


class NotReadyError(WorldError):
    """A part did not become ready, or an engine or an image is missing."""


class CommandTimedOutError(WorldError):
    """A command on a node was still running when its time was up."""


class ImpairmentError(WorldError):
    """A link did not take or did not give up an impairment."""


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


class Direction(StrEnum):
    """Which packets of the node that is cut are lost."""

    BOTH = "both"
    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets between a node and these peers are dropped, in silence."""

    peers: frozenset[str]
    direction: Direction = Direction.BOTH


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
        """Whether packets sent now, one to each peer of the cut, are lost to its rules."""
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


class TraceKind(StrEnum):
    """What about a world can be other than it ought to be."""

    STOPPED = "stopped"  # a service that does not run
    PAUSED = "paused"
    FIREWALL = "firewall"  # a chain of ours by its name, or a rule of anybody's
    QDISC = "qdisc"
    TOXIC = "toxic"  # an impairment on a link, ours or not
    LIMIT = "limit"  # processor, memory, processes, as the engine has them
    CLOCK = "clock"
    DISK = "disk"  # a volume or a tmpfs that is nearly full
    DAMAGE = "damage"  # data damaged by a fault that keeps on the node what undoes it


# Where faults that damage a node's data keep there what undoes them, a folder for each: its
# name is what the trace says.
DAMAGE_FOLDER = "/var/lib/muster/faults"


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    """One thing that is not as a whole world has it, read from the world itself."""

    where: str  # the node's or the link's name
    kind: TraceKind
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.what}"


def stopped(node: str) -> Trace:
    """Give the trace of a node whose service does not run, or that is not there at all."""
    return Trace(node, TraceKind.STOPPED, "it does not run")


def paused(node: str) -> Trace:
    """Give the trace of a node that is frozen."""
    return Trace(node, TraceKind.PAUSED, "it is frozen")


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """Something that a world is made of and that outlives its maker."""

    kind: str  # "container", "network", "volume"
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Register(Protocol):
    """Where a world writes down what it makes: on disk before it is made."""

    def planned(self, resource: Resource) -> None: ...
    def made(self, resource: Resource) -> None: ...
    def gone(self, resource: Resource) -> None: ...


@dataclass(frozen=True, slots=True)
class FoundWorld:
    """A world that is there, by the labels of its resources."""

    id: str
    owner: str  # the identity of the process that made it; "" where no label says so
    resources: tuple[Resource, ...]
    by_hand: str  # the command that removes all of it


class Caretaker(Protocol):
    """What another process needs to mend the worlds of one environment and clear them up."""

    def attach(self, world: str) -> AbstractContextManager[Environment]:
        """Give the world as it is now, whoever made it; leaving it removes nothing.

        A node that is gone is still listed, and says so when it is asked anything.

        Raises:
            WorldError: the engine does not answer.
        """
        ...

    def remove(self, world: str, *, in_flight: Collection[Resource] = ()) -> None:
        """Remove all that carries the world's label, and see that it is gone.

        A dead process may have asked for what is ``in_flight``: it is awaited, bounded,
        for the engine may still be making it.

        Raises:
            WorldError: something is still there; it is named, with the command to remove it.
        """
        ...

    def found(self) -> Sequence[FoundWorld]:
        """List every world that is there, of whichever run.

        Raises:
            WorldError: the engine does not answer.
        """
        ...

    def close(self) -> None: ...


class Environment(Protocol):
    """Where drills run: nodes, links, an entrance for customers."""

    @property
    def name(self) -> str: ...

    @property
    def id(self) -> str:
        """What another process finds this very world by."""
        ...

    @property
    def entrance(self) -> str:
        """The base URL that customers call, without a trailing slash."""
        ...

    @property
    def longest_lease(self) -> timedelta:
        """The longest lease or time-out in the stack: a hold must be longer to see it bite."""
        ...

    @property
    def nodes(self) -> Sequence[Node]: ...

    @property
    def links(self) -> Sequence[Link]: ...

    def states(self, role: str) -> Mapping[str, str]:
        """Each node of that role and its state now ("primary"); {} where it has none.

        Raises:
            WorldError: nobody could say, and who was asked.
        """
        ...

    def deviations(self) -> Sequence[str]:
        """What keeps the steady state from holding, a sentence each; empty when it holds.

        Steady state includes redundancy (a synchronous standby, every instance in
        rotation), not only that customers are answered.

        Raises:
            GoneError: somebody took a node away, so it will never hold again.
            WorldError: nobody could say.
        """
        ...

    def traces(self, among: Collection[str] | None = None) -> frozenset[Trace]:
        """Everything on these nodes and links (None: on all) that a whole world has not.

        It is read from the world, whoever did it, and compared with nothing that was
        planned. A node that is gone counts as stopped. Of one that is stopped or paused
        nothing else is said, nor of the links where their server is.

        Raises:
            WorldError: something could not be read; it is named.
        """
        ...

    def facts(self) -> Mapping[str, str]:
        """What an auditor would ask of the world: versions, image digests, the engine."""
        ...
