"""Belief: a database taken back to a moment costs what came after it, said so, and no more."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.ledger import Outcome as Told
from reports.record import (
    RecordError,
    judge_record,
    load_record,
    read_verdict,
    save_verdict,
)
from reports.summary import as_text, figures, notes
from reports.table import Row, render_table
from reports.timeline import Event
from reports.verdict import Objectives, Outcome, Recovery, TakenBack, Verdict
from tests.unit.reports.drills import (
    OBJECTIVES,
    WALL,
    Case,
    fail,
    rows_of,
    steady_ledger,
    whole_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.unit.reports.drills import Folder

# Customers order every 0.25 s and are answered 0.125 s later: key 40 begins at the fault.
TO, STOPPED = 9.5, 12.0
GIVEN_UP = range(38, 48)  # the first ends at 9.625, the last begins at 11.75
TAKEN_BACK = TakenBack(to=TO, stopped=STOPPED, to_wall=WALL + timedelta(seconds=TO))
TOLERANT = replace(OBJECTIVES, rpo_seconds=5.0)
MOMENT = "10:00:09.5 UTC"


def drill(
    *missing: int, objectives: Objectives = TOLERANT, ledger: NDArray[np.void] | None = None
) -> tuple[Recovery, Verdict]:
    """A drill that was taken back, and lacks these keys at the end."""
    case = Case(objectives=objectives, taken_back=TAKEN_BACK)
    case.ledger = case.ledger if ledger is None else ledger
    rows = np.unique(rows_of(case.ledger))
    case.rows = rows[~np.isin(rows["key"], missing)]
    return case.measure(), case.judge()


def test_what_came_between_the_moment_and_the_stop_is_given_up() -> None:
    recovery, verdict = drill(*GIVEN_UP)
    assert (recovery.lost, recovery.lost_after_effect, recovery.beyond) == (0, 0, 0)
    assert (recovery.discarded, recovery.discarded_seconds) == (10, 2.375)
    assert recovery.rpo_seconds == 2.375
    assert recovery.lost_examples == ()
    assert recovery.taken_back_to == "2026-03-01T10:00:09.500000+00:00"
    assert verdict == Verdict(Outcome.MET, ())


@pytest.mark.parametrize(
    ("rpo", "shown"), [(0.0, "0 s"), (2.37, "2.37 s"), (2.3, "2.3 s"), (2.375, None)]
)
def test_what_is_given_up_is_judged_by_its_age(rpo: float, shown: str | None) -> None:
    _, verdict = drill(*GIVEN_UP, objectives=replace(OBJECTIVES, rpo_seconds=rpo))
    if shown is None:
        assert verdict.outcome is Outcome.MET
        return
    measured = "2.375 s" if shown == "2.37 s" else "2.37 s"
    assert verdict.outcome is Outcome.MISSED
    (reason,) = verdict.reasons
    assert reason == (
        f"RPO missed: 10 writes given up by restoring to {MOMENT}, the oldest {measured} old"
        f" when the old database was stopped (objective {shown})"
    )


def test_what_was_acknowledged_by_the_moment_is_excused_by_no_rpo() -> None:
    recovery, verdict = drill(*GIVEN_UP, 20, objectives=replace(OBJECTIVES, rpo_seconds=3600))
    assert (recovery.lost, recovery.discarded, recovery.lost_examples) == (1, 10, (20,))
    assert recovery.rpo_seconds == 10.0 - 5.125
    assert verdict.outcome is Outcome.MISSED
    (reason,) = verdict.reasons
    assert reason == (
        f"lost: 1 write acknowledged before {MOMENT}, the moment that the database was"
        " restored to, and missing from the final read (key 20)"
    )


def test_what_began_after_the_stop_is_lost_on_the_new_timeline() -> None:
    recovery, verdict = drill(*GIVEN_UP, 48, objectives=replace(OBJECTIVES, rpo_seconds=3600))
    assert (recovery.lost_after_effect, recovery.lost_examples) == (1, (48,))
    assert verdict.outcome is Outcome.MISSED
    (reason,) = verdict.reasons
    assert reason == (
        "lost after the restore: 1 write begun after the old database had been stopped,"
        " acknowledged, and missing from the final read (key 48)"
    )


@pytest.mark.parametrize("told", [Told.YES, Told.UNKNOWN, Told.NO, Told.PENDING])
def test_what_began_between_and_is_there_was_restored_beyond_the_moment(told: Told) -> None:
    ledger = steady_ledger()
    case = Case(taken_back=TAKEN_BACK, objectives=TOLERANT, ledger=ledger)
    rows = rows_of(ledger)
    case.rows = rows[~np.isin(rows["key"], GIVEN_UP[1:-1])]  # 47 stays, and so does 38
    fail(ledger, 11.75, 12.0, told)
    recovery, verdict = case.measure(), case.judge()
    # 38 began as the moment came: it may be there.
    assert (recovery.beyond, recovery.beyond_examples) == (1, (47,))
    assert verdict.outcome is Outcome.MISSED
    assert (
        f"restored beyond the moment: 1 write begun after {MOMENT}, before the old database"
        " was stopped, and present in the final read (key 47)"
    ) in verdict.reasons


def test_a_write_in_flight_at_the_moment_may_be_there_or_not() -> None:
    ledger = steady_ledger()
    ledger["ended"][37] = 9.75  # began at 9.25
    for missing in (GIVEN_UP, (*GIVEN_UP, 37)):
        recovery, verdict = drill(*missing, ledger=ledger)
        assert (recovery.lost, recovery.beyond) == (0, 0)
        assert recovery.discarded == len(missing)
        assert verdict.outcome is Outcome.MET


def test_an_answer_just_as_the_moment_came_must_be_there() -> None:
    ledger = steady_ledger()
    ledger["ended"][37] = TO
    assert drill(37, *GIVEN_UP, ledger=ledger)[0].lost == 1


def again(ledger: NDArray[np.void], key: int, told: Told) -> NDArray[np.void]:
    """Let the customer of one key try it again once the old database has stopped."""
    retry = ledger[[key]].copy()
    retry["began"], retry["ended"], retry["outcome"] = 20.0, 20.125, told
    return np.concatenate((ledger, retry))


def test_a_write_that_was_taken_again_after_the_restore_may_be_there() -> None:
    ledger = again(steady_ledger(), 42, Told.YES)
    there = [key for key in GIVEN_UP if key != 42]
    recovery, verdict = drill(*there, ledger=ledger)
    assert (recovery.discarded, recovery.beyond) == (9, 0)
    assert verdict.outcome is Outcome.MET
    recovery, _ = drill(*GIVEN_UP, ledger=ledger)
    assert (recovery.discarded, recovery.lost_after_effect) == (9, 1)


def earlier(ledger: NDArray[np.void], key: int, told: Told, began: float) -> NDArray[np.void]:
    """Let the customer of one key have tried it before."""
    first = ledger[[key]].copy()
    first["began"], first["ended"], first["outcome"] = began, began + 0.125, told
    return np.concatenate((first, ledger))


def test_a_write_that_was_first_tried_before_the_moment_is_not_beyond_it() -> None:
    there = [key for key in GIVEN_UP if key != 42]
    for began, beyond in ((9.0, 0), (9.75, 1)):
        ledger = earlier(steady_ledger(), 42, Told.UNKNOWN, began)
        assert drill(*there, ledger=ledger)[0].beyond == beyond


def test_a_write_given_up_is_as_old_as_its_first_acknowledgement() -> None:
    ledger = earlier(steady_ledger(), 47, Told.YES, 9.5)
    assert drill(47, ledger=ledger)[0].discarded_seconds == STOPPED - 9.625


def test_a_write_given_up_at_no_age_misses_an_rpo_of_nothing() -> None:
    ledger = steady_ledger()
    ledger["ended"][47] = 12.5  # answered once the old database had stopped
    recovery, verdict = drill(47, ledger=ledger, objectives=OBJECTIVES)
    assert (recovery.discarded, recovery.discarded_seconds) == (1, 0.0)
    assert any(reason.startswith("RPO missed: 1 write given up") for reason in verdict.reasons)


def test_a_retry_that_nobody_acknowledged_leaves_the_write_given_up() -> None:
    recovery, _ = drill(*GIVEN_UP, ledger=again(steady_ledger(), 42, Told.UNKNOWN))
    assert (recovery.discarded, recovery.lost_after_effect) == (10, 0)


def test_without_a_final_read_nobody_knows_what_was_given_up() -> None:
    recovery = Case(taken_back=TAKEN_BACK, no_final_read=True).measure()
    assert recovery.discarded is recovery.beyond is None
    assert recovery.taken_back_to is not None


def test_without_a_restore_nothing_is_given_up() -> None:
    recovery = Case().measure()
    assert recovery.taken_back_to is None
    assert recovery.discarded is recovery.beyond is None


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return whole_folder(tmp_path / "drill", rows=230)


def wall(at: float) -> str:
    return (WALL + timedelta(seconds=at)).isoformat()


def written(folder: Folder) -> Path:
    ledger = steady_ledger()
    rows = rows_of(ledger)
    return folder.write(ledger, rows[~np.isin(rows["key"], GIVEN_UP)])


def test_the_timeline_says_to_when_by_the_wall_clock_of_its_entry(folder: Folder) -> None:
    folder.say(19.0, Event.TAKEN_BACK, to=wall(1.0), stopped=wall(2.0))
    folder.say(30.0, Event.TAKEN_BACK, to=wall(TO), stopped=wall(STOPPED), opened=wall(25.0))
    path = written(folder)
    record = load_record(path)
    assert record.taken_back == TAKEN_BACK
    recovery, verdict = judge_record(record)
    assert recovery is not None
    assert recovery.discarded == 10
    save_verdict(path, recovery, verdict)
    assert read_verdict(path) == (recovery, verdict)


def test_another_time_zone_is_the_same_moment(folder: Folder) -> None:
    folder.say(30.0, Event.TAKEN_BACK, to="2026-03-01T12:00:09.5+02:00", stopped=wall(STOPPED))
    record = load_record(written(folder))
    assert record.taken_back == TAKEN_BACK
    assert any(MOMENT in reason for reason in judge_record(record)[1].reasons)


def test_without_the_event_the_same_files_are_a_split_brain(folder: Folder) -> None:
    recovery, _ = judge_record(load_record(written(folder)))
    assert recovery is not None
    assert (recovery.taken_back_to, recovery.discarded) == (None, None)
    assert (recovery.lost, recovery.lost_after_effect) == (4, 6)


@pytest.mark.parametrize(
    ("to", "stopped", "needs"),
    [
        (wall(9), wall(8.5), "a time no earlier than its 'to' as its 'stopped'"),
        ("2026-03-01T10:00:09", wall(12), "with its offset from UTC, as its 'to'"),
        ("0001-01-01T00:00:00+10:00", wall(12), "with its offset from UTC, as its 'to'"),
        (wall(9), "soon", "with its offset from UTC, as its 'stopped'"),
        (wall(9), 12.0, "with its offset from UTC, as its 'stopped'"),
    ],
)
def test_times_that_make_no_sense_are_named(
    folder: Folder, to: str, stopped: str | float, needs: str
) -> None:
    folder.say(30.0, Event.TAKEN_BACK, to=to, stopped=stopped)
    with pytest.raises(RecordError) as raised:
        load_record(written(folder))
    assert "timeline.jsonl:7: the entry 'taken back' needs" in str(raised.value)
    assert str(raised.value).endswith(needs)


def test_the_table_says_what_was_given_up(folder: Folder) -> None:
    folder.say(30.0, Event.TAKEN_BACK, to=wall(TO), stopped=wall(STOPPED))
    row = Row.of(written(folder))
    assert Row.from_json(json.loads(json.dumps(row.to_json()))) == row
    assert (row.lost, row.rpo) == ("0", "2.37 s / 0 s")
    assert (
        "\nthe_primary_is_killed: restored to 10:00:09.5 UTC: 10 writes given up, the oldest"
        " 2.37 s old\n"
    ) in render_table([row])


def test_the_figures_say_what_was_given_up() -> None:
    recovery, verdict = drill(*GIVEN_UP, 20)
    text = as_text(verdict, figures(recovery, TOLERANT))
    shown = [re.split("  +", line) for line in text.splitlines()]
    for line in (
        ["RPO", "4.87 s", "of 5 s"],
        ["Lost, acknowledged before 10:00:09.5 UTC", "1"],
        ["Lost, ordered after the restore", "0"],
        [
            "Given up by restoring to 10:00:09.5 UTC",
            "10 writes given up, the oldest 2.37 s old",
        ],
        ["Restored beyond that moment", "0"],
    ):
        assert line in shown
    assert "split brain" not in text


@pytest.mark.parametrize(
    ("recovery", "note"),
    [
        (drill(40)[0], "1 write given up, the oldest 1.87 s old"),
        (drill()[0], "no write given up"),
        (
            Case(taken_back=TAKEN_BACK, no_final_read=True).measure(),
            "not known how many writes were given up",
        ),
    ],
)
def test_a_note_says_how_much_even_where_it_is_little(recovery: Recovery, note: str) -> None:
    assert notes(recovery, ()) == [f"restored to {MOMENT}: {note}"]


def test_a_verdict_that_was_saved_before_all_this_can_be_read(tmp_path: Path) -> None:
    recovery = Case().measure()
    save_verdict(tmp_path, recovery, Verdict(Outcome.MET, ()))
    path = tmp_path / "verdict.json"
    document = json.loads(path.read_text())
    new = {"taken_back_to", "discarded", "discarded_seconds", "beyond", "beyond_examples"}
    assert new <= asdict(recovery).keys()
    for name in new:
        del document["recovery"][name]
    path.write_text(json.dumps(document))
    assert read_verdict(tmp_path) == (recovery, Verdict(Outcome.MET, ()))
