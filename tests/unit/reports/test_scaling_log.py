"""Belief: what the hands write of an autoscaler is what the record reads, or it is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reports.facts import RecordError
from reports.lines import NotRecordedError
from reports.scaling_log import (
    Decision,
    Sample,
    ScalingLog,
    ScalingLogWriter,
    Stage,
    StageName,
    read_scaling_log,
)

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = Sample(
    at=10.25, wanted=5, serving=3, minimum=3, maximum=10, tolerance=0.1, ratio=1.36, cpu=0.95,
    memory=None, rate=8.1,
)  # fmt: skip
DECISION = Decision(at=9.5, number=1, before=3, after=5, why="cpu at 95 % of its 70 % target")
STAGE = Stage(at=10.0, instance="east-app-4", stage=StageName.STARTED, decision=1)
# As the interface between the hands and the record says.
LINES = (
    {
        "kind": "sample", "at": 10.25, "wanted": 5, "serving": 3, "minimum": 3, "maximum": 10,
        "tolerance": 0.1, "ratio": 1.36, "cpu": 0.95, "memory": None, "rate": 8.1,
    },
    {
        "kind": "decision", "at": 9.5, "number": 1, "from": 3, "to": 5,
        "why": "cpu at 95 % of its 70 % target",
    },
    {"kind": "stage", "at": 10.0, "instance": "east-app-4", "stage": "started", "decision": 1},
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scaling.jsonl"


def test_it_is_written_as_the_interface_says_and_read_back(path: Path) -> None:
    with ScalingLogWriter(path) as log:
        for entry in (SAMPLE, DECISION, STAGE):
            log.write(entry)
            # On disk at once: a runner that dies now has lost nothing of it.
            assert len(path.read_text().splitlines()) == len(read_entries(path))
    assert [json.loads(line) for line in path.read_text().splitlines()] == list(LINES)
    assert read_scaling_log(path) == ScalingLog(
        samples=(SAMPLE,), decisions=(DECISION,), stages=(STAGE,)
    )


def read_entries(path: Path) -> list[Sample | Decision | Stage]:
    log = read_scaling_log(path)
    return [*log.samples, *log.decisions, *log.stages]


def test_each_kind_is_in_the_order_of_time_whenever_it_was_heard_of(path: Path) -> None:
    later = [{**line, "at": 20.0} for line in LINES]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in (*later, *LINES)))
    log = read_scaling_log(path)
    for kind in (log.samples, log.decisions, log.stages):
        assert [one.at for one in kind] == sorted(one.at for one in kind)
    assert log.ended_at == 20.0


def test_a_torn_last_line_is_left_out_and_a_whole_one_is_not(path: Path) -> None:
    first, second = json.dumps(LINES[0]), json.dumps(LINES[1])
    path.write_text(f"{first}\n{second[:-9]}")
    assert read_entries(path) == [SAMPLE]
    path.write_text(f"{first}\n{second}")
    assert read_entries(path) == [SAMPLE, DECISION]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{torn", "Expecting property name"),
        ("[]", "list indices"),
        ('{"kind": "weather"}', "it has no 'weather'"),
        (json.dumps(LINES[0] | {"serving": -1}), "its 'serving' is no whole number: -1"),
        (json.dumps(LINES[0] | {"serving": True}), "its 'serving' is no whole number: True"),
        (json.dumps(LINES[0] | {"ratio": -0.5}), "its 'ratio' is less than nothing: -0.5"),
        (json.dumps(LINES[0] | {"at": "noon"}), "its 'at' is no number: 'noon'"),
        (json.dumps(LINES[0] | {"cpu": float("nan")}), "its 'cpu' is no number: nan"),
        (json.dumps(LINES[0] | {"at": 10**400}), "int too large to convert"),
        (json.dumps({**LINES[1], "why": None}), "its 'why' is no text: None"),
        (json.dumps(LINES[2] | {"stage": "gone"}), "'gone' is not a valid StageName"),
        (json.dumps({"kind": "stage", "at": 1.0}), "it has no 'instance'"),
    ],
)
def test_a_damaged_line_is_named(path: Path, line: str, complaint: str) -> None:
    path.write_text(f"{json.dumps(LINES[0])}\n{line}\n{json.dumps(LINES[1])}\n")
    with pytest.raises(RecordError) as raised:
        read_scaling_log(path)
    place = f"{path}:2: not an entry of a scaling log: "
    assert str(raised.value).startswith(f"{place}{complaint}")


def test_a_log_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotRecordedError, match=r"the scaling log cannot be written"):
        ScalingLogWriter(tmp_path / "nowhere" / "scaling.jsonl")
