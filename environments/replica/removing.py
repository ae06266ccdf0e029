"""Find worlds by their labels, and remove one: all of it, and seen to be gone."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from environments.model import FoundWorld, NotReadyError, Resource, WorldError
from environments.replica.containers import Engine, answering_until, speaking
from environments.replica.probes import NoAnswerError, wait_for
from environments.replica.world import (
    CONTAINER,
    NETWORK,
    NODE_LABEL,
    OWNER_LABEL,
    VOLUME,
    WORLD_LABEL,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

REMOVED_WITHIN_SECONDS = 60.0
# A request to create something that was under way when its client died completes, where the
# engine is busy, a second or two later.
IN_FLIGHT_SECONDS = 5.0
# Engines up to 27 may miscount a network's endpoints when three containers leave it at once,
# and then never let go of it.
SIDE_BY_SIDE = 2
BY_HAND = {
    CONTAINER: "docker rm -f -v",
    NETWORK: "docker network rm",
    VOLUME: "docker volume rm",
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """Something that carries a world's label; ``id`` is what the engine knows it by."""

    resource: Resource
    id: str
    labels: Mapping[str, str] = field(repr=False)

    @property
    def world(self) -> str:
        return self.labels[WORLD_LABEL]

    @property
    def turn(self) -> int:
        """When it is removed: a sidecar lives in its node's network, which it would hold."""
        if self.resource.kind == CONTAINER:
            return 1 if NODE_LABEL in self.labels else 0
        return 2 if self.resource.kind == NETWORK else 3


def found_worlds(engine: Engine) -> Sequence[FoundWorld]:
    """List every world that is there, by the labels of its resources.

    Raises:
        WorldError: the engine does not answer.
    """
    there = sorted(_labelled(engine, WORLD_LABEL), key=lambda one: (one.world, one.resource))
    return [
        _found(world, list(parts)) for world, parts in groupby(there, lambda one: one.world)
    ]


def _found(world: str, parts: Sequence[Labelled]) -> FoundWorld:
    owners = {part.labels.get(OWNER_LABEL, "") for part in parts}
    return FoundWorld(
        id=world,
        owner=owners.pop() if len(owners) == 1 else "",
        resources=tuple(part.resource for part in parts),
        by_hand=by_hand(part.resource for part in parts),
    )


def by_hand(resources: Iterable[Resource]) -> str:
    """Write the command with which a person removes these."""
    names: dict[str, list[str]] = {kind: [] for kind in BY_HAND}
    for one in resources:
        names[one.kind].append(one.name)
    return " && ".join(
        f"{BY_HAND[kind]} {' '.join(those)}" for kind, those in names.items() if those
    )


def remove_world(engine: Engine, world: str, in_flight: Collection[Resource] = ()) -> None:
    """Remove everything that carries the world's label, until a listing shows nothing.

    Each removal is tried, whatever became of the others, and tried again while it fails.
    What is ``in_flight`` is awaited by its name until it was seen or 5 s have passed.

    Raises:
        WorldError: something is still there after 60 s; it is named, with the command to
            remove it by hand.
    """
    removal = _Removal(engine, world, set(in_flight))
    deadline = removal.began + REMOVED_WITHIN_SECONDS
    try:
        with answering_until(deadline):
            wait_for(
                f"the end of all of {world}",
                removal.sweep,
                at_most_seconds=REMOVED_WITHIN_SECONDS,
            )
    except NotReadyError as error:
        raise WorldError(f"{error}; by hand: {removal.by_hand}") from error


@dataclass(slots=True)
class _Removal:
    """The removal of one world, a sweep at a time."""

    engine: Engine
    world: str
    awaited: set[Resource]
    began: float = field(default_factory=time.monotonic)
    left: Sequence[Labelled] = ()

    @property
    def by_hand(self) -> str:
        if self.left:
            return by_hand(one.resource for one in self.left)
        return f"docker rm -f -v $(docker ps -aq --filter label={WORLD_LABEL}={self.world})"

    def sweep(self) -> None:
        """Remove what is there.

        Raises:
            NoAnswerError: something was left, or may still come.
        """
        try:
            failures = self._remove(self._there())
            self.left = self._there()
        except WorldError as error:  # an engine that is being restarted comes back
            raise NoAnswerError(str(error)) from error
        if self.left:
            there = ", ".join(str(one.resource) for one in self.left)
            raise NoAnswerError("; ".join((f"still there: {there}", *failures)))
        if self.awaited and time.monotonic() - self.began < IN_FLIGHT_SECONDS:
            raise NoAnswerError(f"may still come: {', '.join(map(str, self.awaited))}")

    def _there(self) -> Sequence[Labelled]:
        there = _labelled(self.engine, f"{WORLD_LABEL}={self.world}")
        ours = [one for one in there if one.world == self.world]
        self.awaited -= {one.resource for one in ours}
        return ours

    def _remove(self, there: Sequence[Labelled]) -> list[str]:
        """Remove all of these, a turn after the other; say what was refused."""
        failures: list[str] = []
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="remove") as threads:
            for _, these in groupby(
                sorted(there, key=lambda one: one.turn), lambda one: one.turn
            ):
                answers = threads.map(partial(_refusal, self.engine), these)
                failures += [refused for refused in answers if refused]
        return failures


def _refusal(engine: Engine, one: Labelled) -> str | None:
    """Remove it, and give the sentence that says why that was refused, if it was."""
    try:
        with speaking(str(one.resource), "be removed"):
            match one.resource.kind:
                case "container":
                    engine.remove_container(one.id, force=True, v=True)
                case "network":
                    engine.remove_network(one.id)
                case _:
                    engine.remove_volume(one.id, force=True)
    except WorldError as error:  # gone, or "already in progress": it is looked at again
        return str(error)
    return None


def _labelled(engine: Engine, label: str) -> list[Labelled]:
    """List all that carries this label (``name`` or ``name=value``)."""
    wanted = {"label": label}
    with speaking("the engine", "list what is there"):
        containers = engine.containers(all=True, filters=wanted)
        networks = engine.networks(filters=wanted)
        volumes = engine.volumes(filters=wanted)["Volumes"] or ()
    return [
        *(_one(CONTAINER, one["Names"][0].lstrip("/"), one["Id"], one) for one in containers),
        *(_one(NETWORK, one["Name"], one["Id"], one) for one in networks),
        *(_one(VOLUME, one["Name"], one["Name"], one) for one in volumes),
    ]


def _one(kind: str, name: str, engine_id: str, listed: Mapping[str, object]) -> Labelled:
    labels = listed["Labels"]
    return Labelled(
        Resource(kind, name), engine_id, dict(labels) if isinstance(labels, dict) else {}
    )
