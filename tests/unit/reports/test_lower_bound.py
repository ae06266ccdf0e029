"""Belief: where all that customers had ordered is gone, nobody knows how much more would be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.__main__ import main
from reports.record import judge_record, load_record, save_verdict
from reports.summary import as_text, figures
from reports.table import Row
from reports.timeline import Event
from reports.verdict import Objectives, Outcome, TakenBack
from tests.unit.reports.drills import (
    OBJECTIVES,
    WALL,
    Case,
    rows_of,
    steady_ledger,
    whole_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

ALL_BEFORE = 40  # keys below it were ordered before the fault, the first 9.875 s before
TOLERANT = replace(OBJECTIVES, rpo_seconds=10.0)


def without_all_before(objectives: Objectives, taken_back: TakenBack | None = None) -> Case:
    case = Case(objectives=objectives, taken_back=taken_back)
    case.rows = rows_of(case.ledger)[ALL_BEFORE:]
    return case


@pytest.mark.parametrize("rpo", [10.0, 9.875])
def test_a_loss_of_all_that_was_ever_ordered_may_reach_back_further(rpo: float) -> None:
    case = without_all_before(replace(OBJECTIVES, rpo_seconds=rpo))
    verdict = case.judge()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (reason,) = verdict.reasons
    measured, objective = ("9.87 s", "10 s") if rpo == 10 else ("9.875 s", "9.875 s")
    assert reason == (
        "RPO not known: the first write that was ever acknowledged is lost, so the loss may"
        f" reach back further than the {measured} that customers had ordered for (objective"
        f" {objective})"
    )


def test_it_is_missed_by_at_least_its_age() -> None:
    verdict = without_all_before(replace(OBJECTIVES, rpo_seconds=9.8)).judge()
    assert verdict.outcome is Outcome.MISSED
    (reason,) = verdict.reasons
    assert "the oldest at least 9.87 s old at the fault (objective 9.8 s;" in reason


@pytest.mark.parametrize(("rpo", "outcome"), [(12.0, "INCONCLUSIVE"), (11.8, "MISSED")])
def test_all_that_was_given_up_may_reach_back_further_as_well(rpo: float, outcome: str) -> None:
    back = TakenBack(to=0.0, stopped=12.0, to_wall=WALL)
    case = without_all_before(replace(OBJECTIVES, rpo_seconds=rpo), back)
    case.rows = rows_of(case.ledger)[48:]
    verdict = case.judge()
    assert verdict.outcome.value == outcome
    (reason,) = verdict.reasons
    assert ("at least 11.875 s old when" if outcome == "MISSED" else "RPO not known") in reason


def test_a_write_as_old_that_survived_says_how_far_it_reaches() -> None:
    case = without_all_before(TOLERANT)
    case.ledger["began"][ALL_BEFORE] = case.ledger["began"][0]
    case.ledger["ended"][ALL_BEFORE] = case.ledger["ended"][0]
    assert case.measure().rpo_is_lower_bound is False
    assert case.judge().outcome is Outcome.MET


def test_a_drill_that_lost_nothing_is_met_however_short_its_load() -> None:
    case = Case(objectives=replace(OBJECTIVES, rpo_seconds=3600))
    assert case.measure().rpo_is_lower_bound is False
    assert case.judge().outcome is Outcome.MET
    assert Case(no_final_read=True).measure().rpo_is_lower_bound is None


def written(folder: Path, rpo: float) -> Path:
    told = whole_folder(folder, rows=200)
    told.forget(Event.OBJECTIVES)
    told.say(61.0, Event.OBJECTIVES, rto_seconds=20, rpo_seconds=rpo, settle_seconds=5)
    return told.write(steady_ledger(), rows_of(steady_ledger())[ALL_BEFORE:])


def test_it_shows_wherever_the_figure_does(tmp_path: Path) -> None:
    path = written(tmp_path / "drill", 10)
    assert Row.of(path).rpo == "≥ 9.87 s / 10 s"
    record = load_record(path)
    recovery, verdict = judge_record(record)
    assert "at least 9.87 s  of 10 s" in as_text(verdict, figures(recovery, record.objectives))


@pytest.mark.parametrize(("rpo", "outcome"), [(9, "MISSED"), (0, "MISSED")])
def test_a_verdict_from_before_it_was_known_is_the_same_still(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rpo: float, outcome: str
) -> None:
    path = written(tmp_path / "drill", rpo)
    save_verdict(path, *judge_record(load_record(path)))
    saved = path / "verdict.json"
    document = json.loads(saved.read_text())
    assert document["outcome"] == outcome
    del document["recovery"]["rpo_is_lower_bound"]
    document["reasons"] = [one.replace("at least ", "") for one in document["reasons"]]
    saved.write_text(json.dumps(document))
    assert main([str(path)]) == 0, capsys.readouterr().out


def test_a_verdict_that_was_met_before_it_was_known_is_said_to_be_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "drill", 10)
    save_verdict(path, *judge_record(load_record(path)))
    document = json.loads((path / "verdict.json").read_text())
    del document["recovery"]["rpo_is_lower_bound"]
    document |= {"outcome": "MET", "reasons": []}
    (path / "verdict.json").write_text(json.dumps(document))
    assert main([str(path)]) == 1
    assert "the saved verdict is MET; it is INCONCLUSIVE now" in capsys.readouterr().out


def test_a_key_of_the_ledger_that_was_never_acknowledged_survives_nothing() -> None:
    case = without_all_before(TOLERANT)
    first = case.ledger[[0]].copy()
    first["key"], first["outcome"] = 9_999, 4
    case.ledger = np.concatenate((case.ledger, first))
    assert case.measure().rpo_is_lower_bound is True
