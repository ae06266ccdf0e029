"""We believe that what became of a change outlives the process that wrote it down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from rollout.history import By, Happened, History, Kind

if TYPE_CHECKING:
    from pathlib import Path

TODAY = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "changes.jsonl"


def history(file: Path, now: float) -> History:
    return History(file, lambda: now, lambda: TODAY)


def test_changes_are_numbered_and_have_ages(file: Path) -> None:
    told = history(file, 100.0)
    told.tell("release-1", Kind.RELEASE, Happened.STARTED, by=By.PEOPLE, why="2.0")
    told.tell("release-1", Kind.RELEASE, Happened.STAGE, share=0.1)
    assert history(file, 107.5).as_json(after=1) == [
        {
            "number": 2,
            "age_seconds": 7.5,
            "wall": "2026-01-02T03:04:05+00:00",
            "change": "release-1",
            "kind": "release",
            "event": "stage",
            "share": 0.1,
            "by": "itself",
            "why": "",
        }
    ]


def test_numbers_go_on_in_another_process(file: Path) -> None:
    history(file, 1.0).tell("flag-1", Kind.FLAG, Happened.PROPOSED)
    again = history(file, 2.0)
    assert again.tell("flag-1", Kind.FLAG, Happened.PROMOTED).number == 2
    assert [entry.event for entry in again.after(0)] == [Happened.PROPOSED, Happened.PROMOTED]


def test_a_line_that_was_cut_short_is_let_be(file: Path) -> None:
    history(file, 1.0).tell("release-1", Kind.RELEASE, Happened.STARTED)
    with file.open("a") as cut:
        cut.write('{"number": 2, "at"')
    assert len(history(file, 2.0).after(0)) == 1
