"""A world as a whole, what it is made of, and who takes care of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from environments.model.links import Link
    from environments.model.nodes import Node
    from environments.model.traces import Trace


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
    def authority(self) -> str:
        """The certificate (PEM) of whom customers trust; "" where they come without TLS."""
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
