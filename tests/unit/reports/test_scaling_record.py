"""Belief: a drill's folder says all that the judge of scaling needs, live and afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reports.__main__ import main
from reports.exhibits import read_drill
from reports.record import RecordError, judge_record, load_record, read_verdict, save_verdict
from reports.scaling_summary import as_markdown
from reports.surges import Surge
from reports.table import WIDTH, Row, render_table
from reports.verdict import Outcome
from tests.unit.reports.scaling_drills import (
    ASKED,
    OBJECTIVES,
    SURGE,
    ScalingCase,
    surging_ledger,
    whole_log,
    whole_scaling_folder,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return whole_scaling_folder(tmp_path / "load_grows")


def change(folder: Path, event: str, /, **details: Any) -> None:  # noqa: ANN401 - any damage
    """Let the timeline's entries of a kind say something else."""
    timeline = folder / "timeline.jsonl"
    entries = [json.loads(line) for line in timeline.read_text().splitlines()]
    entries = [one | details if one["event"] == event else one for one in entries]
    timeline.write_text("".join(f"{json.dumps(one)}\n" for one in entries))


def test_a_whole_record_is_read_and_judged(folder: Path) -> None:
    record = load_record(folder)
    assert record.surges == (SURGE,)
    assert record.objectives == OBJECTIVES
    assert record.scaling_log == whole_log()
    recovery, verdict = judge_record(record)
    assert recovery is not None
    assert recovery.scaling == ScalingCase().measure()
    assert (verdict.outcome, verdict.reasons) == (Outcome.MET, ())


def test_all_that_is_asked_is_read(tmp_path: Path) -> None:
    asked = replace(ASKED, dropped=1, reversals=2, minimum=2, maximum=9, refusal_seconds=0.5)
    objectives = replace(OBJECTIVES, scaling=replace(asked, p95_seconds=0.3, errors=0.01))
    folder = whole_scaling_folder(tmp_path / "drill", objectives)
    assert load_record(folder).objectives == objectives


def test_a_verdict_is_read_back_as_it_was_saved_and_reached_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recovery, verdict = judge_record(load_record(folder))
    save_verdict(folder, recovery, verdict)
    assert read_verdict(folder) == (recovery, verdict)
    assert main([str(folder)]) == 0
    assert "grew 3 → 7 in 14 s" in capsys.readouterr().out


def test_a_verdict_from_before_scaling_was_measured_is_the_same_still(folder: Path) -> None:
    change(folder, "objectives", scaling=None)
    save_verdict(folder, *judge_record(load_record(folder)))
    saved = folder / "verdict.json"
    document = json.loads(saved.read_text())
    del document["recovery"]["scaling"]
    saved.write_text(json.dumps(document))
    assert main([str(folder)]) == 0


def test_another_figure_is_told_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_verdict(folder, *judge_record(load_record(folder)))
    log = folder / "scaling.jsonl"
    log.write_text(log.read_text().replace('"serving": 7', '"serving": 8'))
    assert main([str(folder)]) == 1
    assert "MET as saved, but its figures or reasons differ" in capsys.readouterr().out


def test_a_drill_whose_scaling_log_is_gone_is_inconclusive(folder: Path) -> None:
    (folder / "scaling.jsonl").unlink()
    _, verdict = judge_record(load_record(folder))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ("there is no scaling log: nobody knows how the stack grew",)


def test_a_damaged_scaling_log_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "scaling.jsonl").write_text("{torn\n")
    assert main([str(folder)]) == 2
    assert "scaling.jsonl:1: not an entry of a scaling log" in capsys.readouterr().err


@pytest.mark.parametrize(
    "knots",
    [
        None,
        [],
        [[0, 20]],
        [[0, 20], [5]],
        [[0, 20], [5, "many"]],
        [[0, 20], [5, -1]],
        [[0, 20], [5, True]],
        [[0, 20], [5, float("inf")]],
        [[5, 20], [0, 20]],
        [[5, 20], [5, 80]],
    ],
)
def test_a_damaged_shape_is_named(folder: Path, knots: object) -> None:
    change(folder, "fault planned", value={"kind": "Surge", "knots": knots})
    with pytest.raises(RecordError, match=r"timeline.jsonl:4: the entry 'fault planned' needs"):
        load_record(folder)


@pytest.mark.parametrize(
    ("changed", "needs"),
    [
        ({"scale_out_seconds": None}, "a number of seconds as its 'scaling.scale_out_seconds'"),
        ({"errors": "few"}, "a number as its 'scaling.errors'"),
        ({"errors": -1}, "a share from 0 to 1 as its 'scaling.errors'"),
        ({"overshoot": 0.5}, "a whole number as its 'scaling.overshoot'"),
        ({"reaches": 0.5}, "a whole number as its 'scaling.reaches'"),
    ],
)
def test_a_damaged_objective_is_named(
    folder: Path, changed: dict[str, object], needs: str
) -> None:
    record = json.loads((folder / "timeline.jsonl").read_text().splitlines()[-2])
    change(folder, "objectives", scaling=record["scaling"] | changed)
    with pytest.raises(RecordError) as raised:
        load_record(folder)
    assert needs in str(raised.value)
    change(folder, "objectives", scaling=7)
    with pytest.raises(RecordError, match=r"needs an object as its 'scaling'"):
        load_record(folder)


def test_a_fault_that_is_no_surge_or_never_started_is_none(folder: Path) -> None:
    change(folder, "fault planned", value={"kind": "Kill", "knots": [[0, 1], [1, 1]]})
    assert load_record(folder).surges == ()
    change(folder, "fault planned", value={"kind": "Surge", "knots": [[0, 1], [1, 1]]})
    assert load_record(folder).surges == (Surge(SURGE.started_at, ((0.0, 1.0), (1.0, 1.0))),)
    change(folder, "fault started", event="watch ended", why="nobody came")
    assert load_record(folder).surges == ()


def test_the_terminal_tells_how_it_grew_and_what_one_carries(folder: Path) -> None:
    lines = render_table([Row.of(folder)]).splitlines()
    told = " ".join(line.strip() for line in lines)
    assert (
        "load_grows: grew 3 → 7 in 14 s (decide 9 s, start 0.5 s, ready 3.5 s, in rotation 1"
        " s); once grown P95 0.062 s, 0 of 4,320 requests failed; 4 left, 0 requests dropped"
    ) in told
    assert (
        "load_grows: one instance carries 13.3 orders a second at its target, as one of 3; 7"
        " carry 90 % of that each"
    ) in told
    assert max(map(len, lines)) <= WIDTH


def test_figures_stand_beside_what_was_asked(folder: Path) -> None:
    drill = read_drill(folder)
    shown = {figure.name: figure.text for figure in drill.figures()}
    assert shown["Time to scale out"] == "14 s of 20 s"
    assert shown["… of which ready"] == "3.5 s"
    assert shown["First new instance served after"] == "6 s"
    assert shown["P95 once grown"] == "0.062 s of 0.2 s"
    assert shown["Errors once grown"] == "0 % of 0.05 %"
    assert shown["Dropped while shrinking"] == "0 of 0"
    assert shown["Instances serving"] == "3 to 7 of 3 to 10"
    assert drill.scaling is not None
    page = as_markdown(drill.scaling, ASKED)
    assert "| 3 → 7 | east-app-6 | 9 s | 0.5 s | 3.5 s | 1 s | 14 s |" in page
    assert "| 7 | 12.0 orders a second | 90 % | " in page


def test_a_stack_that_never_grew_is_told_so(tmp_path: Path) -> None:
    log = replace(whole_log(), decisions=(), stages=())
    folder = whole_scaling_folder(tmp_path / "drill", ledger=surging_ledger(), log=log)
    notes = Row.of(folder).notes
    assert "never grew, 3 to 7 instances serving; no instance left" in notes
