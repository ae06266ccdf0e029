"""We believe that what a dead run left is undone, each part whatever became of the others."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import Resource, WorldError
from fixtures import mending
from fixtures.faults import Fault, Kill, Partition, Pause, describe
from fixtures.mending import Mender
from reports.journal import Journal, Note, read_journal, what_is_left
from tests.fakes.caretaker import FakeCaretaker, open_journal
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NOW = timedelta(0)


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture(autouse=True)
def hands(world: FakeEnvironment, monkeypatch: pytest.MonkeyPatch) -> FakeCaretaker:
    hands = FakeCaretaker({"label-1": world})
    monkeypatch.setattr(mending, "caretaker", hands.lend)
    monkeypatch.setattr(mending, "GONE_WITHIN", NOW)
    return hands


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path) as journal:
        yield journal


def refuse(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def break_it(journal: Journal, world: FakeEnvironment, *faults: Fault) -> None:
    """Do what a runner does until it dies."""
    for number, fault in enumerate(faults):
        planned = fault.plan(world)
        journal.record(
            Note.FAULT_PLANNED, world="label-1", id=f"fault-{number}", fault=str(planned),
            value=describe(planned), nodes=list(planned.nodes()), changes=[],
        )  # fmt: skip
        planned.inject(world)


def mend(journal: Journal, engine_within: timedelta = NOW) -> list[str]:
    return Mender("test", lambda _: None, engine_within).mend(journal)


def notes(journal: Journal) -> list[tuple[Note, object]]:
    return [
        (entry.event, entry.details.get("id") or entry.details.get("world"))
        for entry in read_journal(journal.path)
    ]


def test_faults_are_reverted_newest_first_and_the_world_is_removed_last(
    journal: Journal, world: FakeEnvironment, hands: FakeCaretaker
) -> None:
    whole = world.snapshot()
    journal.record(Note.WORLD_PLANNED, world="label-1")
    break_it(journal, world, Pause("payments"), Partition("db:primary", "*"), Kill("app"))

    assert mend(journal) == []

    assert world.snapshot() == whole
    assert hands.removed == ["label-1"]
    assert notes(journal)[-7:] == [
        (Note.MENDING_STARTED, None),
        (Note.FAULT_GONE, "fault-2"),
        (Note.FAULT_GONE, "fault-1"),
        (Note.FAULT_GONE, "fault-0"),
        (Note.WORLD_REMOVED, "label-1"),
        (Note.MENDING_ENDED, None),
        (Note.RUN_CLOSED, None),
    ]


def test_one_fault_that_cannot_be_reverted_keeps_none_of_the_others(
    journal: Journal, world: FakeEnvironment
) -> None:
    break_it(journal, world, Pause("payments"), Pause("east-db-1"), Pause("east-app-1"))
    world.fail("east-db-1", "resume", times=9)

    (failure,) = mend(journal)

    assert "Pause east-db-1" in failure
    assert "told to fail to resume" in failure
    assert [node.name for node in world.fakes() if node.paused] == ["east-db-1"]
    assert (Note.REVERT_FAILED, "fault-1") in notes(journal)
    assert (Note.RUN_CLOSED, None) not in notes(journal)


def test_what_could_not_be_mended_is_left_for_the_next_who_tries(
    journal: Journal, world: FakeEnvironment
) -> None:
    break_it(journal, world, Pause("payments"))
    world.fail("payments", "resume", times=1)
    assert mend(journal)

    assert mend(journal) == []

    assert world.deviations() == []
    before = journal.path.read_bytes()
    assert mend(journal) == []  # and once more changes nothing
    assert journal.path.read_bytes() == before


def test_a_fault_in_a_world_that_was_thrown_away_is_not_broken_any_more(
    journal: Journal, world: FakeEnvironment, hands: FakeCaretaker
) -> None:
    journal.record(Note.WORLD_PLANNED, world="label-1")
    break_it(journal, world, Pause("payments"))
    world.fail("payments", "resume", times=9)

    assert mend(journal) == []

    assert hands.removed == ["label-1"]
    left = what_is_left(read_journal(journal.path))
    assert left is not None
    assert left.is_closed


def test_a_world_that_cannot_be_removed_is_named_with_the_command(
    journal: Journal, world: FakeEnvironment, hands: FakeCaretaker
) -> None:
    journal.record(Note.WORLD_PLANNED, world="label-1")
    break_it(journal, world, Pause("payments"))
    hands.stubborn.add("label-1")

    assert mend(journal) == ["label-1 cannot be removed; by hand: rm label-1"]

    assert not world.deviations()  # its fault was reverted all the same
    assert (Note.REMOVAL_FAILED, "label-1") in notes(journal)


def test_what_was_in_flight_is_awaited(journal: Journal, hands: FakeCaretaker) -> None:
    journal.record(Note.WORLD_PLANNED, world="label-1")
    journal.record(Note.RESOURCE_PLANNED, world="label-1", kind="container", name="late")

    assert mend(journal) == []

    assert hands.awaited == [Resource("container", "late")]


def test_an_engine_that_comes_back_is_waited_for_and_one_that_does_not_is_named(
    journal: Journal, world: FakeEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(journal, world, Pause("payments"))
    refusals = [WorldError("the engine is away"), WorldError("the engine is still away")]

    def come_back(name: str, engine: Mapping[str, str]) -> FakeCaretaker:
        assert (name, engine) == ("replica", {})
        if refusals:
            raise refusals.pop(0)
        return FakeCaretaker({"label-1": world})

    monkeypatch.setattr(mending, "caretaker", come_back)

    assert mend(journal) == ["run label: the engine is away"]
    assert mend(journal, engine_within=timedelta(seconds=10)) == []
    assert world.deviations() == []


def test_a_full_disk_keeps_nobody_from_mending(
    journal: Journal,
    world: FakeEnvironment,
    hands: FakeCaretaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal.record(Note.WORLD_PLANNED, world="label-1")
    break_it(journal, world, Pause("payments"), Kill("app"))
    said: list[str] = []
    monkeypatch.setattr(os, "fsync", refuse)

    assert Mender("test", said.append, NOW).mend(journal) == []

    assert world.deviations() == []
    assert hands.removed == ["label-1"]
    assert any("cannot be written" in line for line in said)


def test_a_journal_whose_folder_was_deleted_is_mended_from_all_the_same(
    journal: Journal, world: FakeEnvironment, hands: FakeCaretaker
) -> None:
    journal.record(Note.WORLD_PLANNED, world="label-1")
    break_it(journal, world, Pause("payments"))
    journal.path.unlink()

    assert mend(journal) == []

    assert not world.deviations()
    assert hands.removed == ["label-1"]


def test_a_journal_that_cannot_be_read_is_named(journal: Journal) -> None:
    with journal.path.open("a") as file:
        file.write("no JSON\n")

    (failure,) = mend(journal)

    assert f"{journal.path}:2" in failure
