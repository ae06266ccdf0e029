"""Belief: a drill's folder says all that its verdict needs, at whatever moment it ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.ledger import LEDGER, Seen
from reports.record import RecordError, judge_record, load_record, read_verdict, save_verdict
from reports.timeline import Event
from reports.verdict import Injection, Objectives, Outcome, Verdict, Watch
from tests.unit.reports.drills import (
    OBJECTIVES,
    WALL,
    WATCH,
    WHOLE,
    Case,
    Folder,
    fail,
    reads_of_own,
    rows_of,
    steady_ledger,
    whole_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from reports.record import DrillRecord


@pytest.fixture
def ledger() -> NDArray[np.void]:
    return steady_ledger()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return whole_folder(tmp_path / "drill", rows=240)


def load(folder: Folder) -> DrillRecord:
    ledger = steady_ledger()
    return load_record(folder.write(ledger, rows_of(ledger)))


def judged(folder: Folder) -> Verdict:
    return judge_record(load(folder))[1]


def test_a_whole_record_is_read_and_judged(folder: Folder) -> None:
    record = load(folder)
    assert (record.scenario, record.title) == ("the_primary_is_killed", "We lose the primary.")
    assert record.environment == "replica"
    assert (WALL - record.started).total_seconds() == 2
    assert record.watch == WATCH
    assert record.injections == (WHOLE,)
    assert record.objectives == OBJECTIVES
    assert record.settle_seconds == 5.0
    assert (record.obstacles, record.breaches, record.doubts) == ((), (), ())
    recovery, verdict = judge_record(record)
    assert recovery == Case().measure()
    assert verdict == Verdict(Outcome.MET, ())


def test_all_objectives_are_read(folder: Folder) -> None:
    folder.forget(Event.OBJECTIVES)
    folder.say(
        61.0, Event.OBJECTIVES,
        rto_seconds=1, rpo_seconds=2, p95_seconds=0.5, unsettled=4, settle_seconds=1,
        stale_reads=5, wrong_reads=6, availability=0.9, read_availability=0.8,
        read_outage_seconds=3,
    )  # fmt: skip
    assert load(folder).objectives == Objectives(
        rto_seconds=1, rpo_seconds=2, p95_seconds=0.5, unsettled=4, stale_reads=5,
        wrong_reads=6, availability=0.9, read_availability=0.8, read_outage_seconds=3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "allowed"),
    [({}, None), ({"stale_reads": None}, None), ({"stale_reads": 0}, 0)],
)
def test_stale_reads_are_not_judged_in_a_drill_from_before_they_were_known(
    folder: Folder, stated: dict[str, int | None], allowed: int | None
) -> None:
    folder.forget(Event.OBJECTIVES)
    folder.say(61.0, Event.OBJECTIVES, rto_seconds=1, rpo_seconds=2, settle_seconds=1, **stated)
    objectives = load(folder).objectives
    assert objectives is not None
    assert objectives.stale_reads == allowed


def test_a_verdict_is_read_back_as_it_was_saved(
    folder: Folder, ledger: NDArray[np.void]
) -> None:
    fail(ledger, 10.0, 32.0)
    path = folder.write(ledger, None)
    folder.forget(Event.FINAL_READ)
    recovery, verdict = judge_record(load_record(folder.write(ledger, None)))
    save_verdict(path, recovery, verdict)
    assert recovery is not None
    assert len(recovery.outages) == 1
    assert read_verdict(path) == (recovery, verdict)


def test_what_customers_got_is_read_back_as_it_was_saved(
    folder: Folder, ledger: NDArray[np.void]
) -> None:
    reads = reads_of_own(ledger)
    reads["seen"][:12], reads["seen"][12] = Seen.ABSENT, Seen.WRONG
    path = folder.write(np.concatenate((ledger, reads)), rows_of(ledger))
    recovery, verdict = judge_record(load_record(path))
    save_verdict(path, recovery, verdict)
    assert recovery is not None
    assert recovery.service is not None
    assert recovery.service.stale_examples == tuple(range(10))
    assert recovery.service.wrong_examples == (12,)
    assert read_verdict(path) == (recovery, verdict)


def test_a_verdict_without_figures_is_read_back(tmp_path: Path) -> None:
    verdict = Verdict(Outcome.INCONCLUSIVE, ("nothing was broken on purpose",))
    save_verdict(tmp_path, None, verdict)
    assert read_verdict(tmp_path) == (None, verdict)


def test_no_verdict_is_none(tmp_path: Path) -> None:
    assert read_verdict(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"outcome": "FINE", "reasons": [], "recovery": null}',
        '{"outcome": "MET", "recovery": null}',
        '{"outcome": "MET", "reasons": [], "recovery": {"outages": [], "lost_examples": []}}',
        '{"outcome": "MET", "reasons": [], "recovery": []}',
        '{"outcome": "MET", "reasons": [], "recovery": 7}',
        '{"outcome": "MET", "reasons": [], "recovery": true}',
        '{"outcome": "MET", "reasons": [], "recovery": "whole"}',
        '{"reasons":[],"outcome":"MET","recovery":{"outages":[],"lost_examples":[1e999]}}',
        '{"reasons":[],"outcome":"MET","recovery":{"outages":[],"lost_examples":[],"service":7}}',
    ],
)
def test_a_damaged_verdict_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(RecordError, match=r"verdict.json: not a saved verdict: .+"):
        read_verdict(tmp_path)


def test_a_steady_state_that_was_never_checked_before_is_an_obstacle(folder: Folder) -> None:
    folder.forget(Event.STEADY_BEFORE)
    assert load(folder).obstacles == ("the steady state before was never checked",)
    assert judged(folder).outcome is Outcome.INCONCLUSIVE


def test_a_steady_state_checked_after_the_fault_was_not_checked_before(folder: Folder) -> None:
    folder.forget(Event.STEADY_BEFORE)
    folder.say(11.0, Event.STEADY_BEFORE, deviations=[])
    assert load(folder).obstacles == ("the steady state before was never checked",)


def test_a_deviation_before_is_an_obstacle(folder: Folder) -> None:
    folder.say(9.0, Event.STEADY_BEFORE, deviations=["no synchronous standby"])
    assert load(folder).obstacles == (
        "there was no steady state before the fault: no synchronous standby",
    )
    assert judged(folder).outcome is Outcome.INCONCLUSIVE


def test_a_deviation_that_passed_before_the_fault_is_none(folder: Folder) -> None:
    folder.say(-1.5, Event.STEADY_BEFORE, deviations=["no synchronous standby"])
    assert load(folder).obstacles == ()


@pytest.mark.parametrize("deviations", [None, ["east-db-2 is not streaming"]])
def test_no_steady_state_after_is_a_doubt_that_excuses_nothing(
    folder: Folder, ledger: NDArray[np.void], deviations: list[str] | None
) -> None:
    folder.forget(Event.STEADY_AFTER)
    if deviations is not None:
        folder.say(50.0, Event.STEADY_AFTER, deviations=deviations)
    assert judged(folder).outcome is Outcome.INCONCLUSIVE
    assert "steady state" in judged(folder).reasons[0]
    path = folder.write(ledger, rows_of(ledger)[:240])
    fail(ledger, 10.0, 50.0)
    ledger.tofile(path / "ledger.bin")
    assert judge_record(load_record(path))[1].outcome is Outcome.MISSED


def test_a_steady_state_checked_before_the_last_fault_was_not_checked_after(
    folder: Folder,
) -> None:
    folder.forget(Event.STEADY_AFTER)
    folder.say(9.0, Event.STEADY_AFTER, deviations=[])
    assert load(folder).doubts == ("the steady state after was never checked",)


GIVEN_UP = "customers were not seen to be served before the drill itself mended the fault: 30 s"


@pytest.mark.parametrize(
    ("ended", "seen", "doubts"),
    [
        (30.0, None, (GIVEN_UP,)),
        (30.0, 45.0, (GIVEN_UP,)),  # served once the drill had mended it
        (30.0, 38.0, ()),  # waited for again, and served while the fault stood
        (9.95, None, ()),
        (39.5, None, ()),  # the drill is mending it already
        (45.0, None, ()),
    ],
)
def test_recovery_by_the_drills_own_revert_is_a_doubt(
    folder: Folder, ended: float, seen: float | None, doubts: tuple[str, ...]
) -> None:
    folder.say(39.0, Event.REVERT_STARTED, id="fault-1")
    folder.say(ended, Event.WATCH_ENDED, why="30 s")
    if seen is not None:
        folder.say(seen, Event.RECOVERY_SEEN)
    assert load(folder).doubts == doubts
    assert judged(folder).outcome is (Outcome.INCONCLUSIVE if doubts else Outcome.MET)
    folder.say(50.0, Event.BREACH, why="it does not work")
    assert judged(folder).outcome is Outcome.MISSED


def test_one_fault_that_is_mended_leaves_the_other_standing(folder: Folder) -> None:
    folder.say(11.0, Event.FAULT_PLANNED, id="fault-2", fault="Pause(east-cache-1)")
    folder.say(11.0, Event.FAULT_STARTED, id="fault-2")
    folder.say(30.0, Event.WATCH_ENDED, why="30 s")
    folder.say(39.0, Event.REVERT_STARTED, id="fault-1")
    folder.say(41.0, Event.RECOVERY_SEEN)
    folder.say(42.0, Event.WATCH_ENDED, why="another 30 s")
    assert load(folder).doubts == (
        GIVEN_UP,
        f"{GIVEN_UP.removesuffix('30 s')}another 30 s",
    )


def test_a_fault_that_was_not_seen_did_not_take_effect(folder: Folder) -> None:
    folder.say(10.6, Event.FAULT_NOT_SEEN, id="fault-1", why="still answers")
    assert load(folder).injections[0].took_effect_at is None
    assert judged(folder).outcome is Outcome.INCONCLUSIVE


def test_a_fault_that_never_took_effect_nor_went(folder: Folder) -> None:
    folder.forget(Event.FAULT_TOOK_EFFECT)
    folder.forget(Event.FAULT_GONE)
    assert load(folder).injections == (
        Injection(fault="Kill(east-db-1)", started_at=10.0, took_effect_at=None, gone_at=None),
    )


def test_a_fault_that_was_planned_and_never_started_is_an_obstacle(folder: Folder) -> None:
    folder.say(20.0, Event.FAULT_PLANNED, id="fault-2", fault="Pause(east-cache-1)")
    assert load(folder).obstacles == (
        "the fault was planned and never started: Pause(east-cache-1)",
    )


def test_each_fault_has_its_own_times(folder: Folder) -> None:
    folder.say(20.0, Event.FAULT_PLANNED, id="fault-2", fault="Pause(east-cache-1)")
    folder.say(21.0, Event.FAULT_STARTED, id="fault-2")
    folder.say(22.0, Event.FAULT_TOOK_EFFECT, id="fault-2")
    folder.say(30.0, Event.FAULT_GONE, id="fault-2")
    second = Injection(
        fault="Pause(east-cache-1)", started_at=21.0, took_effect_at=22.0, gone_at=30.0
    )
    assert load(folder).injections == (WHOLE, second)


def test_obstacles_and_breaches_are_taken_over(folder: Folder) -> None:
    folder.say(30.0, Event.BREACH, why="the runbook does not work: x.md:4: exit code 1")
    assert judged(folder).outcome is Outcome.MISSED
    folder.say(31.0, Event.OBSTACLE, why="the load died")
    verdict = judged(folder)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == (
        "the load died",
        "the runbook does not work: x.md:4: exit code 1",
    )


def test_what_people_may_take_to_decide_is_kept_apart(folder: Folder) -> None:
    folder.say(12.0, Event.RUNBOOK_STARTED, runbook="promote.md", allowance_seconds=300)
    folder.say(13.0, Event.RUNBOOK_STARTED, runbook="verify.md", allowance_seconds=0)
    assert load(folder).allowance_seconds == {"promote.md": 300}
    assert judged(folder).outcome is Outcome.MET


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (Event.LOAD_STEADY, "the load was never steady, or not seen to stop"),
        (Event.LOAD_STOPPED, "the load was never steady, or not seen to stop"),
        (Event.OBJECTIVES, "the objectives were never stated"),
    ],
)
def test_a_drill_that_did_not_finish_is_inconclusive(
    folder: Folder, event: Event, why: str
) -> None:
    folder.forget(event)
    recovery, verdict = judge_record(load(folder))
    assert recovery is None
    assert verdict == Verdict(Outcome.INCONCLUSIVE, (f"the drill did not finish: {why}",))


def test_a_drill_that_broke_nothing_is_inconclusive(folder: Folder) -> None:
    folder.forget(Event.FAULT_PLANNED)
    folder.forget(Event.FAULT_STARTED)
    assert judged(folder) == Verdict(Outcome.INCONCLUSIVE, ("no fault was injected",))


def test_the_watch_spans_all_loads(folder: Folder) -> None:
    folder.say(3.0, Event.LOAD_STEADY)
    folder.say(58.0, Event.LOAD_STOPPED)
    assert load(folder).watch == Watch(started_at=0.0, ended_at=60.0)


def test_a_final_read_that_was_not_finished_does_not_count(
    folder: Folder, ledger: NDArray[np.void]
) -> None:
    folder.forget(Event.FINAL_READ)
    assert load_record(folder.write(ledger, rows_of(ledger))).final_read is None


def test_what_is_certain_without_a_final_read_is_missed_all_the_same(
    folder: Folder, ledger: NDArray[np.void]
) -> None:
    folder.forget(Event.FINAL_READ)
    folder.say(62.0, Event.FINAL_READ_FAILED, why="nobody answers")
    unread = load_record(folder.write(ledger, rows_of(ledger)))
    _, verdict = judge_record(unread)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "the final read failed: nobody answers" in verdict.reasons
    folder.say(63.0, Event.BREACH, why="the runbook does not work")
    assert judged(folder).outcome is Outcome.MISSED


def test_a_final_read_that_found_nothing_counts(
    folder: Folder, ledger: NDArray[np.void]
) -> None:
    folder.forget(Event.FINAL_READ)
    folder.say(62.0, Event.FINAL_READ, rows=0)
    record = load_record(folder.write(ledger, rows_of(ledger)[:0]))
    assert record.final_read is not None
    assert judge_record(record)[1].outcome is Outcome.MISSED


def test_a_final_read_that_is_missing_or_torn_is_named(
    folder: Folder, ledger: NDArray[np.void]
) -> None:
    path = folder.write(ledger, None)
    with pytest.raises(RecordError, match=r"final-read.bin: no such file, though"):
        load_record(path)
    (path / "final-read.bin").write_bytes(rows_of(ledger).tobytes()[:-1])
    with pytest.raises(RecordError, match=r"final-read.bin: damaged: 4079 bytes are not the"):
        load_record(path)
    (path / "final-read.bin").write_bytes(rows_of(ledger)[:-1].tobytes())
    with pytest.raises(RecordError, match=r"final-read.bin: damaged: 4063 bytes are not the"):
        load_record(path)


def test_a_missing_or_empty_timeline_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"timeline.jsonl: no such file"):
        load_record(tmp_path)
    (tmp_path / "timeline.jsonl").touch()
    with pytest.raises(RecordError, match=r"timeline.jsonl: it tells of no drill that started"):
        load_record(tmp_path)


def test_a_damaged_line_is_named(folder: Folder, ledger: NDArray[np.void]) -> None:
    path = folder.write(ledger, None) / "timeline.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], "{torn\n", *lines[3:]]))
    with pytest.raises(RecordError, match=r"timeline.jsonl:4: not a timeline entry"):
        load_record(path.parent)


@pytest.mark.parametrize(
    ("event", "detail", "value", "needs"),
    [
        (Event.DRILL_STARTED, "title", 7, "a text as its 'title'"),
        (Event.STEADY_BEFORE, "deviations", "none", "a list of texts as its 'deviations'"),
        (Event.STEADY_AFTER, "deviations", [1], "a list of texts as its 'deviations'"),
        (Event.FAULT_STARTED, "id", None, "a text as its 'id'"),
        (Event.OBJECTIVES, "rto_seconds", None, "a number of seconds as its 'rto_seconds'"),
        (Event.OBJECTIVES, "rpo_seconds", "0", "a number as its 'rpo_seconds'"),
        (Event.OBJECTIVES, "rpo_seconds", -1, "a number of seconds as its 'rpo_seconds'"),
        (Event.OBJECTIVES, "p95_seconds", True, "a number as its 'p95_seconds'"),
        (Event.OBJECTIVES, "settle_seconds", 0, "a settled while longer than 0 s"),
        (Event.OBJECTIVES, "rto_seconds", 10**400, "a number as its 'rto_seconds'"),
        (Event.OBJECTIVES, "p95_seconds", 10**400, "a number as its 'p95_seconds'"),
        (Event.OBJECTIVES, "unsettled", float("inf"), "a whole number as its 'unsettled'"),
        (Event.OBJECTIVES, "unsettled", 1.5, "a whole number as its 'unsettled'"),
        (Event.OBJECTIVES, "stale_reads", float("nan"), "a whole number as its 'stale_reads'"),
    ],
)
def test_a_detail_that_is_missing_or_wrong_is_named(
    folder: Folder, event: Event, detail: str, value: object, needs: str
) -> None:
    ledger = steady_ledger()
    path = folder.write(ledger, rows_of(ledger)) / "timeline.jsonl"
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    number, entry = next(
        (number, entry) for number, entry in enumerate(entries, 1) if entry["event"] == event
    )
    entry[detail] = value
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    with pytest.raises(RecordError) as raised:
        load_record(path.parent)
    assert f"timeline.jsonl:{number}: the entry '{event.value}' needs {needs}" in str(
        raised.value
    )


def test_a_drill_that_never_had_a_ledger_can_be_judged(folder: Folder) -> None:
    record = load(folder)
    assert record.ledger.dtype == LEDGER
    path = folder.path
    (path / "ledger.bin").unlink()
    assert judge_record(load_record(path))[1].outcome is Outcome.INCONCLUSIVE
