"""Belief: what the hands write of changes and of intruders is what the record reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reports.changes_log import (
    By,
    ChangeEvent,
    ChangeKind,
    ChangesLog,
    ChangesLogWriter,
    Step,
    read_changes_log,
)
from reports.facts import RecordError
from reports.intruder_log import (
    Deed,
    Detected,
    IntruderAttempt,
    IntruderLog,
    IntruderLogWriter,
    Result,
    ShutOut,
    read_intruder_log,
)
from reports.lines import NotRecordedError

if TYPE_CHECKING:
    from pathlib import Path

STARTED = ChangeEvent(
    at=10.5, change="errs-1", kind=ChangeKind.RELEASE, event=Step.STARTED, share=None,
    by=By.PEOPLE, why="deploy start errs",
)  # fmt: skip
ROLLED_BACK = ChangeEvent(
    at=14.0, change="errs-1", kind=ChangeKind.RELEASE, event=Step.ROLLED_BACK, share=0.0,
    by=By.ITSELF, why="errors at 5.1 %, over 1 %",
)  # fmt: skip
# As the interface between the hands and the record says.
CHANGES = (
    {
        "at": 10.5, "change": "errs-1", "kind": "release", "event": "started", "share": None,
        "by": "people", "why": "deploy start errs",
    },
    {
        "at": 14.0, "change": "errs-1", "kind": "release", "event": "rolled back",
        "share": 0.0, "by": "itself", "why": "errors at 5.1 %, over 1 %",
    },
    {"at": 20.0, "event": "asked"},
)  # fmt: skip

ATTEMPT = IntruderAttempt(
    at=3.5, intruder="intruder-inside", credential="orders_a", what=Deed.WRITE,
    outcome=Result.IN, subject="order 7", said="UPDATE 1",
)  # fmt: skip
INTRUSION = (
    {
        "at": 3.5, "intruder": "intruder-inside", "credential": "orders_a", "what": "write",
        "outcome": "in", "subject": "order 7", "said": "UPDATE 1",
    },
    {"at": 5.0, "what": "detected", "signal": "a login from no instance"},
    {"at": 30.0, "what": "shut out"},
)  # fmt: skip


def lines_of(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_lines(path: Path, *lines: object) -> None:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_changes_are_written_as_the_interface_says_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    with ChangesLogWriter(path) as log:
        log.write(STARTED)
        log.write(ROLLED_BACK)
        # On disk at once: a runner that dies now has lost nothing of it.
        assert lines_of(path) == list(CHANGES[:2])
        assert read_changes_log(path).covered_until == 14.0
        log.asked(20.0)
    assert lines_of(path) == list(CHANGES)
    read = read_changes_log(path)
    assert read == ChangesLog(events=(STARTED, ROLLED_BACK), asked_at=20.0)
    assert read.covered_until == 20.0
    assert ChangesLog().covered_until is None


def test_intrusions_are_written_as_the_interface_says_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "intruder.jsonl"
    detected, shut_out = Detected(at=5.0, signal="a login from no instance"), ShutOut(at=30.0)
    with IntruderLogWriter(path) as log:
        for entry in (ATTEMPT, detected, shut_out):
            log.write(entry)
    assert lines_of(path) == list(INTRUSION)
    read = read_intruder_log(path)
    assert read == IntruderLog(
        attempts=(ATTEMPT,), detections=(detected,), shut_outs=(shut_out,)
    )
    assert read.covered_until == 30.0


def test_both_are_in_the_order_of_time_and_leave_a_torn_line_out(tmp_path: Path) -> None:
    changes, intruder = tmp_path / "changes.jsonl", tmp_path / "intruder.jsonl"
    write_lines(changes, CHANGES[1], CHANGES[0])
    write_lines(intruder, INTRUSION[0] | {"at": 9.0}, INTRUSION[0])
    for path in (changes, intruder):
        path.write_text(path.read_text() + '{"at": 1.0, ')
    assert read_changes_log(changes).events == (STARTED, ROLLED_BACK)
    assert [one.at for one in read_intruder_log(intruder).attempts] == [3.5, 9.0]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("[]", "list indices"),
        (CHANGES[0] | {"kind": "weather"}, "'weather' is not a valid ChangeKind"),
        (CHANGES[0] | {"event": "lost"}, "'lost' is not a valid Step"),
        (CHANGES[0] | {"by": "chance"}, "'chance' is not a valid By"),
        (CHANGES[0] | {"share": 1.5}, "its 'share' is no share from 0 to 1: 1.5"),
        (CHANGES[0] | {"share": "half"}, "its 'share' is no number: 'half'"),
        (CHANGES[0] | {"change": 7}, "its 'change' is no text: 7"),
        (CHANGES[2] | {"at": None}, "its 'at' is no number: None"),
        ({"at": 1.0}, "it has no 'event'"),
    ],
)
def test_a_damaged_line_of_changes_is_named(
    tmp_path: Path, line: object, complaint: str
) -> None:
    path = tmp_path / "changes.jsonl"
    path.write_text(f"{json.dumps(CHANGES[0])}\n")
    damaged = line if isinstance(line, str) else json.dumps(line)
    path.write_text(f"{path.read_text()}{damaged}\n")
    with pytest.raises(RecordError) as raised:
        read_changes_log(path)
    said = f"{path}:2: not an entry of a changes log: {complaint}"
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (INTRUSION[0] | {"what": "wish"}, "'wish' is not a valid Deed"),
        (INTRUSION[0] | {"outcome": "maybe"}, "'maybe' is not a valid Result"),
        (INTRUSION[0] | {"said": None}, "its 'said' is no text: None"),
        ({"at": 1.0, "what": "detected"}, "it has no 'signal'"),
        ({"what": "shut out"}, "it has no 'at'"),
        ({"at": 1.0}, "it has no 'what'"),
    ],
)
def test_a_damaged_line_of_an_intruder_is_named(
    tmp_path: Path, line: object, complaint: str
) -> None:
    path = tmp_path / "intruder.jsonl"
    write_lines(path, INTRUSION[1], line)
    with pytest.raises(RecordError) as raised:
        read_intruder_log(path)
    said = f"{path}:2: not an entry of an intruder's log: {complaint}"
    assert str(raised.value).startswith(said)


def test_a_log_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "a.jsonl"
    with pytest.raises(NotRecordedError, match=r"the changes log cannot be written"):
        ChangesLogWriter(nowhere)
    with pytest.raises(NotRecordedError, match=r"the intruder's log cannot be written"):
        IntruderLogWriter(nowhere)
