"""Belief: a timeline says what happened up to the moment its writer ended, or where it lies."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from reports.timeline import Event, NotRecordedError, Timeline, read_timeline

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = b'{"at": 1.0, "wall": "2026-03-01T10:00:00+00:00", "event": "load steady"}\n'


def test_what_is_recorded_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    with Timeline(path) as timeline:
        at = timeline.record(Event.FAULT_STARTED, id="fault-1", nodes=["größer"])
        entry = read_timeline(path)[0]  # on disk before the call returned
    assert (entry.at, entry.event) == (at, Event.FAULT_STARTED)
    assert entry.details == {"id": "fault-1", "nodes": ["größer"]}
    assert entry.wall.tzinfo is not None


@pytest.mark.parametrize("kept", [1, 30, len(WHOLE) - 2])
def test_a_torn_last_line_is_left_out(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "timeline.jsonl"
    path.write_bytes(WHOLE + WHOLE[:kept])
    assert len(read_timeline(path)) == 1


def test_a_last_line_that_only_lacks_its_end_counts(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    path.write_bytes(WHOLE + WHOLE[:-1])
    assert len(read_timeline(path)) == 2


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"{\n",
        b"[]\n",
        b"7\n",
        b"\xff\n",
        WHOLE.replace(b'"at"', b'"et"'),
        WHOLE.replace(b"1.0", b"[]"),
        WHOLE.replace(b"2026-03", b"2026-33"),
        WHOLE.replace(b"+00:00", b""),
        WHOLE.replace(b"1.0", b"1" + b"0" * 400),
        WHOLE.replace(b"load steady", b"lunch"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "timeline.jsonl"
    path.write_bytes(WHOLE + damage + WHOLE)
    with pytest.raises(ValueError, match=r"timeline.jsonl:2: not a timeline entry: .+"):
        read_timeline(path)


def test_a_line_for_which_there_was_no_room_spoils_no_later_one(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    with Timeline(path) as timeline:
        timeline.record(Event.LOAD_STEADY)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, limits[1]))
        try:
            with pytest.raises(NotRecordedError, match="the timeline cannot be written"):
                timeline.record(Event.FAULT_STARTED, id="fault-1")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        timeline.record(Event.LOAD_STOPPED)
    assert [entry.event for entry in read_timeline(path)] == [
        Event.LOAD_STEADY,
        Event.LOAD_STOPPED,
    ]
