"""Who mends worlds in memory, and journals to mend from."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from environments.model import FoundWorld, Resource, WorldError
from reports.journal import Journal, Note

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.fakes.world import FakeEnvironment


@dataclass
class FakeCaretaker:
    """Looks after worlds by their ids; those in ``stubborn`` cannot be removed."""

    worlds: dict[str, FakeEnvironment]
    owners: Mapping[str, str] = field(default_factory=dict)
    stubborn: set[str] = field(default_factory=set)
    awaited: list[Resource] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    asked_for: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def lend(self, environment: str, engine: Mapping[str, str]) -> FakeCaretaker:
        """Stand in for the catalogue's ``caretaker``."""
        self.asked_for.append((environment, engine))
        return self

    @contextmanager
    def attach(self, world: str) -> Iterator[FakeEnvironment]:
        if world not in self.worlds:
            raise WorldError(f"there is no world {world}")
        yield self.worlds[world]

    def remove(self, world: str, *, in_flight: Collection[Resource] = ()) -> None:
        self.awaited += in_flight
        if world in self.stubborn:
            raise WorldError(f"{world} cannot be removed; by hand: rm {world}")
        self.worlds.pop(world, None)
        self.removed.append(world)

    def found(self) -> Sequence[FoundWorld]:
        return [
            FoundWorld(
                world,
                self.owners.get(world, ""),
                (Resource("container", world),),
                f"rm {world}",
            )
            for world in self.worlds
        ]

    def close(self) -> None:
        pass


@contextmanager
def open_journal(folder: Path, label: str = "label") -> Iterator[Journal]:
    """Hold the journal of a run on fake worlds."""
    with Journal(folder / "journal.jsonl") as journal:
        journal.record(
            Note.RUN_OPENED, label=label, environment="replica", owner="nobody", engine={}
        )
        yield journal
