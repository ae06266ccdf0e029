"""We believe that no drill gets a world that is not proven whole, and none leaves residue."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Latency, Resource, WorldError
from fixtures import worlds as worlds_module
from fixtures.guarded import GuardedRun
from fixtures.worlds import Worlds
from reports.journal import Journal, Note, read_journal
from tests.fakes.caretaker import open_journal
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from environments.model import Register

NETWORK = Resource("network", "n")


@dataclass
class Catalogue:
    """Opens fakes in the catalogue's place, and remembers which are open."""

    opened: list[FakeEnvironment] = field(default_factory=list)
    closed: int = 0

    @contextmanager
    def open(
        self, _: str, *, run: str, register: Register, **__: object
    ) -> Iterator[FakeEnvironment]:
        register.planned(NETWORK)
        world = FakeEnvironment()
        world.id = run
        self.opened.append(world)
        yield world
        self.closed += 1


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    catalogue = Catalogue()
    monkeypatch.setattr(worlds_module, "open_environment", catalogue.open)
    monkeypatch.setattr(worlds_module, "STEADY_WITHIN", timedelta(0))
    return catalogue


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path) as journal:
        yield journal


@pytest.fixture
def worlds(journal: Journal) -> Worlds:
    return Worlds("replica", run="run", say=lambda _: None, guarded=GuardedRun(journal, None))


def test_a_world_that_is_whole_is_used_again(worlds: Worlds, catalogue: Catalogue) -> None:
    with worlds:
        assert worlds.get(Settings()) is worlds.get(Settings())

    assert len(catalogue.opened) == catalogue.closed == 1


def test_other_settings_are_another_world(worlds: Worlds, catalogue: Catalogue) -> None:
    with worlds:
        assert worlds.get(Settings()) is not worlds.get(Settings(synchronous=False))
        assert catalogue.closed == 1


@pytest.mark.usefixtures("catalogue")
def test_a_tainted_world_is_replaced_though_it_looks_whole(worlds: Worlds) -> None:
    with worlds:
        first = worlds.get(Settings())
        worlds.taint("a revert was not verified")

        second = worlds.get(Settings())
        assert second is not first
        assert worlds.get(Settings()) is second  # what replaces it is not tainted


@pytest.mark.usefixtures("catalogue")
def test_a_world_out_of_its_steady_state_is_replaced(worlds: Worlds) -> None:
    with worlds:
        first = worlds.get(Settings())
        assert isinstance(first, FakeEnvironment)
        first.fakes()[0].kill()

        assert worlds.get(Settings()) is not first


def test_a_worlds_beginning_and_end_are_in_the_journal(
    worlds: Worlds, catalogue: Catalogue, journal: Journal
) -> None:
    with worlds:
        worlds.get(Settings())

    assert catalogue.closed == 1
    assert [entry.event for entry in read_journal(journal.path)] == [
        Note.RUN_OPENED, Note.WORLD_PLANNED, Note.RESOURCE_PLANNED, Note.WORLD_REMOVED,
    ]  # fmt: skip


def test_residue_at_the_end_is_named_once_the_world_is_removed(
    worlds: Worlds, catalogue: Catalogue
) -> None:
    def leave_a_toxic() -> None:
        with worlds:
            worlds.get(Settings())
            leave_unnoticed(catalogue.opened[0])

    with pytest.raises(WorldError, match="thought to be whole and was not: app-to-db: toxic"):
        leave_a_toxic()

    assert catalogue.closed == 1


def leave_unnoticed(world: FakeEnvironment) -> None:
    """Leave something on a link that the steady state knows nothing of."""
    world.link("app-to-db").on.add(Latency(1))
    world.deviations = list  # type: ignore[method-assign]  # as a replica with a rule left


def test_a_world_that_is_seen_not_to_be_whole_is_only_removed(
    worlds: Worlds, catalogue: Catalogue
) -> None:
    with worlds:
        worlds.get(Settings())
        catalogue.opened[0].fakes()[0].kill()

    assert catalogue.closed == 1


def test_of_a_tainted_world_all_is_said_already(worlds: Worlds, catalogue: Catalogue) -> None:
    with worlds:
        worlds.get(Settings())
        leave_unnoticed(catalogue.opened[0])
        worlds.taint("a revert was not verified")

    assert catalogue.closed == 1


def test_a_world_that_cannot_be_read_back_is_removed_all_the_same(
    worlds: Worlds, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_interrupted() -> None:
        raise KeyboardInterrupt

    def end_a_session() -> None:
        with worlds:
            worlds.get(Settings())
            monkeypatch.setattr(catalogue.opened[0], "traces", be_interrupted)

    with pytest.raises(KeyboardInterrupt):
        end_a_session()

    assert catalogue.closed == 1
