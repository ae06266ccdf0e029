"""We believe that a journal says what is left to undo, whenever its writer died."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.journal import (
    Journal,
    JournalHeldError,
    Left,
    Note,
    OpenFault,
    OpenWorld,
    read_journal,
    what_is_left,
)
from reports.lines import NotRecordedError

if TYPE_CHECKING:
    from pathlib import Path

    from reports.lines import Json

RUN: dict[str, Json] = {
    "label": "r",
    "environment": "replica",
    "owner": "me",
    "engine": {"DOCKER_HOST": "x"},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def plan_fault(journal: Journal, name: str, world: str = "r-1") -> None:
    journal.record(
        Note.FAULT_PLANNED, world=world, id=name, fault=f"Kill {name}",
        value={"kind": "Kill", "target": name}, nodes=[name],
        changes=[{"where": name, "kind": "stopped", "what": "it"}],
    )  # fmt: skip


def left_in(path: Path) -> Left:
    left = what_is_left(read_journal(path))
    assert left is not None
    return left


def test_faults_and_worlds_are_left_newest_first(path: Path) -> None:
    with Journal(path) as journal:
        journal.record(Note.RUN_OPENED, **RUN)
        journal.record(Note.WORLD_PLANNED, world="r-1")
        journal.record(Note.WORLD_PLANNED, world="r-2")
        for name in ("a", "b", "c"):
            plan_fault(journal, name)
        journal.record(Note.FAULT_GONE, id="b")

    left = left_in(path)

    assert [fault.id for fault in left.faults] == ["c", "a"]
    assert left.faults[0] == OpenFault(
        "r-1", "c", "Kill c", {"kind": "Kill", "target": "c"},
        [{"where": "c", "kind": "stopped", "what": "it"}],
    )  # fmt: skip
    assert [world.id for world in left.worlds] == ["r-2", "r-1"]
    assert (left.label, left.environment, left.owner) == ("r", "replica", "me")
    assert left.engine == {"DOCKER_HOST": "x"}
    assert not left.is_nothing
    assert not left.is_closed


def test_a_removed_world_takes_its_faults_with_it_and_no_others(path: Path) -> None:
    with Journal(path) as journal:
        journal.record(Note.RUN_OPENED, **RUN)
        for world in ("r-1", "r-2"):
            journal.record(Note.WORLD_PLANNED, world=world)
            plan_fault(journal, f"fault of {world}", world)
        journal.record(Note.WORLD_REMOVED, world="r-1")

    left = left_in(path)

    assert [fault.id for fault in left.faults] == ["fault of r-2"]
    assert [world.id for world in left.worlds] == ["r-2"]
    assert left.worlds_ever == {"r-1", "r-2"}


def test_what_was_planned_and_not_heard_of_is_in_flight(path: Path) -> None:
    with Journal(path) as journal:
        journal.record(Note.RUN_OPENED, **RUN)
        journal.record(Note.WORLD_PLANNED, world="r-1")
        for name in ("made", "gone", "flying"):
            journal.record(Note.RESOURCE_PLANNED, world="r-1", kind="container", name=name)
        journal.record(Note.RESOURCE_MADE, world="r-1", kind="container", name="made")
        journal.record(Note.RESOURCE_GONE, world="r-1", kind="container", name="gone")

    assert left_in(path).worlds == (OpenWorld("r-1", frozenset({("container", "flying")})),)


def test_a_closed_run_and_a_run_with_nothing_left_say_so(path: Path) -> None:
    with Journal(path) as journal:
        journal.record(Note.RUN_OPENED, **RUN)
        assert left_in(path).is_nothing
        assert not left_in(path).is_closed
        journal.record(Note.RUN_CLOSED)

    assert left_in(path).is_closed


def test_the_last_guardian_is_the_one_that_stands_by(path: Path) -> None:
    with Journal(path) as journal:
        journal.record(Note.RUN_OPENED, **RUN)
        assert left_in(path).guardian is None
        journal.record(Note.GUARDED, guardian="first")
        journal.record(Note.GUARDED, guardian="second")

    assert left_in(path).guardian == "second"


def test_a_journal_of_nothing_says_that_nothing_was_opened(path: Path) -> None:
    with Journal(path):
        pass

    assert what_is_left(read_journal(path)) is None


@given(cut=st.integers(min_value=1))
def test_a_torn_last_line_is_as_good_as_never_written(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "journal.jsonl"
    with Journal(path) as journal:
        journal.record(Note.RUN_OPENED, **RUN)
        whole = path.stat().st_size
        journal.record(Note.WORLD_PLANNED, world="r-1")
    line = path.stat().st_size - whole
    os.truncate(path, whole + cut % (line - 1))

    assert left_in(path).worlds == ()
    with Journal(path) as journal:  # whoever mends writes on, on a line of its own
        journal.record(Note.WORLD_PLANNED, world="r-2")
    assert [world.id for world in left_in(path).worlds] == ["r-2"]


def test_a_last_line_that_only_lacks_its_end_counts(path: Path) -> None:
    with Journal(path) as journal:
        journal.record(Note.RUN_OPENED, **RUN)
        journal.record(Note.WORLD_PLANNED, world="r-1")
    os.truncate(path, path.stat().st_size - 1)

    with Journal(path) as journal:
        journal.record(Note.WORLD_PLANNED, world="r-2")

    assert [world.id for world in left_in(path).worlds] == ["r-2", "r-1"]


@pytest.mark.parametrize(
    ("event", "lacking"),
    [
        (Note.FAULT_PLANNED, "world"),
        (Note.FAULT_PLANNED, "value"),
        (Note.FAULT_PLANNED, "changes"),
        (Note.WORLD_PLANNED, "world"),
        (Note.RUN_OPENED, "engine"),
    ],
)
def test_an_entry_that_lacks_a_detail_is_named(path: Path, event: Note, lacking: str) -> None:
    with Journal(path) as journal:
        journal.record(Note.RUN_OPENED, **RUN)
        journal.record(Note.WORLD_PLANNED, world="r-1")
        plan_fault(journal, "a")
    damaged = [json.loads(line) for line in path.read_text().splitlines()]
    for entry in damaged:
        if entry["event"] == event:
            del entry[lacking]
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in damaged))

    with pytest.raises(ValueError, match=f"'{event.value}' lacks its '{lacking}'"):
        what_is_left(read_journal(path))


def test_nobody_takes_a_journal_that_is_held(path: Path) -> None:
    with Journal(path), pytest.raises(JournalHeldError, match=r"journal\.jsonl"):
        Journal(path)
    with Journal(path):
        pass


HOLDER = """
import sys
from pathlib import Path
from reports.journal import Journal
with Journal(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_kernel_gives_a_killed_holders_journal_back(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(JournalHeldError):
            Journal(path)
        holder.kill()
        with Journal(path, wait=True):
            pass


def test_a_full_disk_is_one_sentence(path: Path) -> None:
    with Journal(path) as journal:
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, journal.file_descriptor)
        os.close(full)
        with pytest.raises(NotRecordedError, match=r"journal\.jsonl: the journal cannot be"):
            journal.record(Note.RUN_CLOSED)


def test_a_journal_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotRecordedError, match="the journal cannot be written"):
        Journal(tmp_path / "no folder" / "journal.jsonl")
