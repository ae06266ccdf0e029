"""The replica's caretaker: mends and clears up what other processes made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.replica.containers import connect
from environments.replica.opening import attached
from environments.replica.removing import found_worlds, remove_world

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    from environments.model import Environment, FoundWorld, Resource


class ReplicaCaretaker:
    """Looks after the replicas of one engine; implements Caretaker.

    Raises:
        WorldError: no engine answers there.
    """

    def __init__(self, engine: Mapping[str, str]) -> None:
        self._engine = connect(engine)

    def attach(self, world: str) -> AbstractContextManager[Environment]:
        return attached(self._engine, world)

    def remove(self, world: str, *, in_flight: Collection[Resource] = ()) -> None:
        remove_world(self._engine, world, in_flight)

    def found(self) -> Sequence[FoundWorld]:
        return found_worlds(self._engine)

    def close(self) -> None:
        self._engine.close()
