"""We believe that heal mends what is dead, and touches nothing that may live."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures import heal as heal_module
from fixtures import mending
from fixtures.heal import heal, mend_dead_runs
from fixtures.identity import own_identity
from reports.journal import Note
from tests.fakes.caretaker import FakeCaretaker, open_journal
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from pathlib import Path

OWN = own_identity()
ALIVE = str(OWN)
DEAD = str(replace(OWN, started_ticks=OWN.started_ticks - 1))
ELSEWHERE = str(replace(OWN, pid_namespace="1"))


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> FakeCaretaker:
    hands = FakeCaretaker({})
    for module in (heal_module, mending):
        monkeypatch.setattr(module, "caretaker", hands.lend)
    return hands


@pytest.fixture
def said() -> list[str]:
    return []


def leave(runs: Path, run: str, hands: FakeCaretaker) -> None:
    """Have a run die with one world."""
    (runs / run).mkdir(parents=True)
    with open_journal(runs / run, label=run) as journal:
        journal.record(Note.WORLD_PLANNED, world=f"{run}-1")
    hands.worlds[f"{run}-1"] = FakeEnvironment()


def test_a_dead_runs_world_is_removed_and_a_second_time_changes_nothing(
    tmp_path: Path, hands: FakeCaretaker, said: list[str]
) -> None:
    leave(tmp_path, "dead", hands)
    leave(tmp_path, "too", hands)

    assert heal(tmp_path, said.append) == []
    assert sorted(hands.removed) == ["dead-1", "too-1"]

    before = (tmp_path / "dead" / "journal.jsonl").read_bytes()
    hands.removed.clear()
    assert heal(tmp_path, said.append) == []
    assert hands.removed == []
    assert (tmp_path / "dead" / "journal.jsonl").read_bytes() == before
    assert said[-1] == "nothing to mend: no dead run has left anything"


def test_a_run_that_died_before_its_first_line_is_closed_once(
    tmp_path: Path, hands: FakeCaretaker, said: list[str]
) -> None:
    (tmp_path / "early").mkdir()
    path = tmp_path / "early" / "journal.jsonl"
    path.touch()

    assert heal(tmp_path, said.append) == []
    closed = path.read_bytes()
    assert heal(tmp_path, said.append) == []

    assert path.read_bytes() == closed
    assert said[-1] == "nothing to mend: no dead run has left anything"
    assert hands.removed == []


def test_a_living_runs_world_is_left_alone(
    tmp_path: Path, hands: FakeCaretaker, said: list[str]
) -> None:
    leave(tmp_path, "living", hands)
    with open_journal(tmp_path / "living", label="living"):
        assert heal(tmp_path, said.append) == []

    assert hands.removed == []
    assert "left alone, for its run lives: living-1" in said


def test_a_living_runs_journal_that_is_damaged_is_named(
    tmp_path: Path, hands: FakeCaretaker, said: list[str]
) -> None:
    leave(tmp_path, "living", hands)
    hands.owners = {"living-1": ALIVE}
    with open_journal(tmp_path / "living", label="living") as journal:
        journal.path.write_text("no JSON\n" + journal.path.read_text())

        (failure,) = heal(tmp_path, said.append)

    assert "journal.jsonl:1" in failure
    assert hands.removed == []


def test_what_no_journal_here_tells_of_is_known_by_its_maker(
    tmp_path: Path, hands: FakeCaretaker, said: list[str]
) -> None:
    for world in ("a-1", "b-1", "c-1", "d-1"):
        hands.worlds[world] = FakeEnvironment()
    hands.owners = {"a-1": ALIVE, "b-1": DEAD, "c-1": ELSEWHERE}

    failures = heal(tmp_path, said.append)

    assert hands.removed == ["b-1"]
    assert "left alone, for its run lives: a-1" in said
    assert [failure.rpartition(": ")[2] for failure in failures] == ["rm c-1", "rm d-1"]
    assert all("nobody here can tell" in failure for failure in failures)


def test_what_cannot_be_removed_is_named_and_keeps_nothing_else_from_being_mended(
    tmp_path: Path, hands: FakeCaretaker, said: list[str]
) -> None:
    leave(tmp_path, "a", hands)
    leave(tmp_path, "b", hands)
    hands.stubborn.add("a-1")

    failures = heal(tmp_path, said.append)

    assert any("by hand: rm a-1" in failure for failure in failures)
    assert hands.removed == ["b-1"]


def test_an_engine_that_does_not_answer_is_not_taken_for_a_whole_world(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise WorldError("no engine answers")

    monkeypatch.setattr(heal_module, "caretaker", refuse)

    assert heal(tmp_path, said.append) == ["nobody could look for orphans: no engine answers"]


def test_the_next_run_mends_what_the_journals_say_and_goes_on_whatever_comes(
    tmp_path: Path, hands: FakeCaretaker, said: list[str]
) -> None:
    leave(tmp_path, "a", hands)
    leave(tmp_path, "b", hands)
    hands.stubborn.add("a-1")

    mend_dead_runs(tmp_path, said.append)

    assert hands.removed == ["b-1"]
    assert any(line.startswith("not mended: ") and "rm a-1" in line for line in said)


def test_a_damaged_journal_is_named_and_stops_nobody(
    tmp_path: Path, hands: FakeCaretaker, said: list[str]
) -> None:
    leave(tmp_path, "damaged", hands)
    leave(tmp_path, "fine", hands)
    hands.owners = {"damaged-1": DEAD}
    path = tmp_path / "damaged" / "journal.jsonl"
    path.write_text("{}\n" + path.read_text())

    (failure,) = heal(tmp_path, said.append)

    assert f"{path}:1" in failure
    assert sorted(hands.removed) == ["damaged-1", "fine-1"]  # the first as an orphan
