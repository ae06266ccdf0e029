"""A drill that measures is judged by what is certain, never by what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.ledger import LEDGER
from reports.record import RecordError, judge_record, load_record
from reports.table import Row, render_table
from reports.timeline import Event
from reports.verdict import Outcome, Verdict
from tests.unit.reports.drills import Folder, steady_ledger

if TYPE_CHECKING:
    from pathlib import Path

FINDING = "500 GB on 1 Gbit/s: 1 h 22 min: an RTO of 1 h would be MISSED"
NO_LEDGER = np.empty(0, LEDGER)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Tell the timeline of a drill that measures, and has neither customers nor faults."""
    folder = Folder(tmp_path / "run" / "drill")
    folder.say(
        -2.0, Event.DRILL_STARTED,
        scenario="costs", title="We measure.", environment="replica",
    )  # fmt: skip
    folder.say(-1.0, Event.STEADY_BEFORE, deviations=[])
    folder.say(10.0, Event.MEASURED, finding=FINDING, restores=[])
    folder.say(20.0, Event.STEADY_AFTER, deviations=[])
    return folder


def judged(folder: Folder) -> Verdict:
    recovery, verdict = judge_record(load_record(folder.write(NO_LEDGER, None)))
    assert recovery is None
    return verdict


def test_it_is_met_without_customers_and_objectives_whatever_it_found(folder: Folder) -> None:
    assert judged(folder) == Verdict(Outcome.MET, ())


def test_a_breach_is_missed(folder: Folder) -> None:
    folder.say(5.0, Event.BREACH, why="a row is gone")
    assert judged(folder) == Verdict(Outcome.MISSED, ("a row is gone",))


def test_an_obstacle_proves_nothing_even_beside_a_breach(folder: Folder) -> None:
    folder.say(5.0, Event.BREACH, why="a row is gone")
    folder.say(6.0, Event.OBSTACLE, why="the disk is full")
    assert judged(folder) == Verdict(
        Outcome.INCONCLUSIVE, ("the disk is full", "a row is gone")
    )


@pytest.mark.parametrize(
    ("event", "at", "reason"),
    [
        (Event.STEADY_BEFORE, -1.0, "there was no steady state before the measurement: a"),
        (Event.STEADY_AFTER, 20.0, "there was no steady state after the measurement: a"),
        (Event.STEADY_BEFORE, 11.0, "the steady state before was never checked"),
        (Event.STEADY_AFTER, 9.0, "the steady state after was never checked"),
    ],
)
def test_a_steady_state_that_did_not_hold_or_came_at_the_wrong_time_is_inconclusive(
    folder: Folder, event: Event, at: float, reason: str
) -> None:
    folder.forget(event)
    folder.say(at, event, deviations=["a"])
    assert judged(folder) == Verdict(Outcome.INCONCLUSIVE, (reason,))


def test_without_a_finding_it_did_not_finish(folder: Folder) -> None:
    folder.forget(Event.MEASURED)
    assert judged(folder).outcome is Outcome.INCONCLUSIVE


def test_a_drill_with_a_fault_is_not_excused_by_a_finding(folder: Folder) -> None:
    folder.say(1.0, Event.FAULT_PLANNED, id="1", fault="Kill(a)", nodes=["a"])
    folder.say(2.0, Event.FAULT_STARTED, id="1")
    folder.say(3.0, Event.FAULT_TOOK_EFFECT, id="1")
    folder.say(4.0, Event.FAULT_GONE, id="1")
    verdict = judged(folder)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == (
        "the drill did not finish: the load was never steady, or not seen to stop",
    )


def test_a_finding_that_is_no_sentence_is_named(folder: Folder) -> None:
    folder.forget(Event.MEASURED)
    folder.say(10.0, Event.MEASURED, finding=7)
    path = folder.write(steady_ledger(), None)
    with pytest.raises(
        RecordError, match=r"timeline.jsonl:3: .* needs a text as its 'finding'"
    ):
        load_record(path)


def test_the_table_says_what_was_found(folder: Folder) -> None:
    row = Row.of(folder.write(NO_LEDGER, None))
    assert row.notes == (FINDING,)
    assert f"costs: {FINDING}" in render_table([row])
