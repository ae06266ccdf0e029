"""Belief: a backup is proven by what is found where it was restored, and by nothing less."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.__main__ import main
from reports.exhibits import read_drill
from reports.ledger import FINAL_READ
from reports.ledger import Outcome as Told
from reports.record import (
    RecordError,
    compare_record,
    judge_record,
    load_record,
    save_verdict,
)
from reports.table import Row, render_table
from reports.timeline import Event
from reports.verdict import Outcome, Verdict
from tests.unit.reports.drills import (
    OBJECTIVES,
    SETTLE_SECONDS,
    STOPPED_AT,
    WALL,
    Folder,
    fail,
    rows_of,
    steady_ledger,
    whole_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from reports.timeline import Json

EARLIEST, LATEST = 20.0, 22.0  # key 79 is answered at 19.875, key 88 begins at 22.0
NAME = "restore of the incremental backup 20260301F_I from east-backup (the backup alone)"


def wall(at: float) -> str:
    return (WALL + timedelta(seconds=at)).isoformat()


def copied(ledger: NDArray[np.void], until: float = 21.0) -> NDArray[np.void]:
    """What a whole copy holds: all that began by then."""
    return rows_of(ledger[ledger["began"] < until])


def say_restored(folder: Folder, *, at: float = 30.0, **changed: Json) -> None:
    details: dict[str, Json] = {
        "repository": "east-backup", "kind": "incremental", "label": "20260301F_I",
        "asked": "the backup alone", "seconds": 7.2, "earliest": wall(EARLIEST),
        "latest": wall(LATEST), "file": "restored-1.bin", "rows": 84, "checks": [],
    }  # fmt: skip
    folder.say(at, Event.RESTORED, **{**details, **changed})


def unbroken(path: Path) -> Folder:
    """Tell the timeline of a drill that breaks nothing."""
    folder = Folder(path)
    folder.say(
        -2.0, Event.DRILL_STARTED,
        scenario="backups_are_restored", title="We restore.", environment="replica",
    )  # fmt: skip
    folder.say(-1.0, Event.STEADY_BEFORE, deviations=[])
    folder.say(0.0, Event.LOAD_STEADY)
    folder.say(50.0, Event.STEADY_AFTER, deviations=[])
    folder.say(STOPPED_AT, Event.LOAD_STOPPED)
    folder.say(61.0, Event.OBJECTIVES, **asdict(OBJECTIVES), settle_seconds=SETTLE_SECONDS)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return unbroken(tmp_path / "run" / "drill")


def write(
    folder: Folder,
    rows: NDArray[np.void] | None = None,
    ledger: NDArray[np.void] | None = None,
    final: NDArray[np.void] | None = None,
) -> Path:
    ledger = steady_ledger() if ledger is None else ledger
    kept = rows_of(ledger) if final is None else final
    folder.forget(Event.FINAL_READ)
    folder.say(62.0, Event.FINAL_READ, rows=kept.size)
    path = folder.write(ledger, kept)
    (copied(ledger) if rows is None else rows).tofile(path / "restored-1.bin")
    return path


def judged(path: Path) -> Verdict:
    return judge_record(load_record(path))[1]


def only_reason(verdict: Verdict, outcome: Outcome) -> str:
    assert verdict.outcome is outcome
    (reason,) = verdict.reasons
    return reason


def test_a_copy_that_is_whole_and_in_time_is_met_though_nothing_was_broken(
    folder: Folder,
) -> None:
    say_restored(folder)
    path = write(folder)
    (found,) = compare_record(load_record(path))
    assert (found.acknowledged, found.whole) == (80, True)
    assert judged(path) == Verdict(Outcome.MET, ())


@pytest.mark.parametrize("until", [20.0, 22.25])
def test_between_its_two_moments_a_write_may_be_there_or_not(
    folder: Folder, until: float
) -> None:
    rows = copied(steady_ledger(), until)
    say_restored(folder, rows=rows.size)
    assert judged(write(folder, rows)).outcome is Outcome.MET


def test_both_may_be_one_moment(folder: Folder) -> None:
    rows = copied(steady_ledger(), 20.0)
    say_restored(folder, latest=wall(EARLIEST), rows=rows.size)
    assert judged(write(folder, rows)).outcome is Outcome.MET


def test_an_acknowledged_write_that_is_missing_is_missed(folder: Folder) -> None:
    rows = copied(steady_ledger())
    say_restored(folder, rows=82)
    verdict = judged(write(folder, rows[~np.isin(rows["key"], (7, 79))]))
    assert only_reason(verdict, Outcome.MISSED) == (
        f"{NAME} lacks 2 writes acknowledged before the moment that it had to reach"
        " (keys 7, 79)"
    )


def test_a_write_begun_after_its_end_is_missed(folder: Folder) -> None:
    rows = copied(steady_ledger(), 22.5)
    say_restored(folder, rows=rows.size)
    assert only_reason(judged(write(folder, rows)), Outcome.MISSED) == (
        f"{NAME} holds 1 write begun after the moment that it had to stop at (key 89)"
    )


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ((5, 999, 1), "holds 1 row with a value that nobody wrote under that key"),
        ((7_777, 1, 1), "holds 1 row that nobody wrote"),
        ((20, 20, 1), "holds 1 row under a key that another row has"),
    ],
)
def test_a_row_that_should_not_be_there_is_missed(
    folder: Folder, extra: tuple[int, int, int], reason: str
) -> None:
    rows = copied(steady_ledger())
    rows = np.concatenate((rows[rows["key"] != 5], np.array([extra], FINAL_READ)))
    ledger = steady_ledger()
    fail(ledger, 1.25, 1.5, Told.UNKNOWN)  # key 5
    say_restored(folder, rows=rows.size)
    assert only_reason(judged(write(folder, rows, ledger)), Outcome.MISSED) == (
        f"{NAME} {reason}"
    )


def test_a_failed_check_is_missed(folder: Folder) -> None:
    say_restored(folder, checks=["pg_checksums found 3 damaged pages", "it has no rows"])
    verdict = judged(write(folder))
    assert verdict.outcome is Outcome.MISSED
    assert verdict.reasons == (
        f"{NAME} failed a check: pg_checksums found 3 damaged pages",
        f"{NAME} failed a check: it has no rows",
    )


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(20.0, None), (20.001, "took 20.001 s (objective 20.0 s)"), (24.0, "took 24 s")],
)
def test_a_slow_restore_is_missed(folder: Folder, seconds: float, reason: str | None) -> None:
    say_restored(folder, seconds=seconds)
    verdict = judged(write(folder))
    if reason is None:
        assert verdict.outcome is Outcome.MET
    else:
        assert only_reason(verdict, Outcome.MISSED).startswith(f"{NAME} {reason}")


def test_a_backup_that_nothing_could_be_missing_from_proves_nothing(folder: Folder) -> None:
    say_restored(folder, earliest=wall(0.125), latest=wall(30))
    assert only_reason(judged(write(folder)), Outcome.INCONCLUSIVE) == (
        f"the {NAME} proves nothing: no write was acknowledged before the moment that it had"
        " to reach, so none could be missing"
    )


def test_no_steady_state_before_the_restore_is_inconclusive(folder: Folder) -> None:
    say_restored(folder)
    folder.say(29.0, Event.STEADY_BEFORE, deviations=["no standby"])
    assert only_reason(judged(write(folder)), Outcome.INCONCLUSIVE) == (
        "there was no steady state before the restore: no standby"
    )
    folder.forget(Event.STEADY_BEFORE)
    folder.say(31.0, Event.STEADY_BEFORE, deviations=[])
    assert only_reason(judged(write(folder)), Outcome.INCONCLUSIVE) == (
        "the steady state before was never checked"
    )


def test_no_steady_state_after_the_restore_is_a_doubt(folder: Folder) -> None:
    say_restored(folder)
    folder.say(51.0, Event.STEADY_AFTER, deviations=["no standby"])
    assert only_reason(judged(write(folder)), Outcome.INCONCLUSIVE) == (
        "there was no steady state after the restore: no standby"
    )


def test_an_obstacle_or_a_missing_objective_is_inconclusive(folder: Folder) -> None:
    say_restored(folder)
    folder.say(40.0, Event.OBSTACLE, why="the load died")
    assert only_reason(judged(write(folder)), Outcome.INCONCLUSIVE) == "the load died"
    folder.forget(Event.OBSTACLE)
    folder.forget(Event.OBJECTIVES)
    assert judged(write(folder)).outcome is Outcome.INCONCLUSIVE


def test_a_damaged_ledger_is_inconclusive(folder: Folder) -> None:
    ledger = steady_ledger()
    ledger["outcome"][200] = 0
    say_restored(folder)
    assert only_reason(judged(write(folder, ledger=ledger)), Outcome.INCONCLUSIVE) == (
        "the ledger holds records that make no sense: 1 of them"
    )


def test_a_drill_that_neither_broke_nor_restored_is_inconclusive(folder: Folder) -> None:
    verdict = judged(write(folder))
    assert only_reason(verdict, Outcome.INCONCLUSIVE) == "no fault was injected"


def test_the_restorations_of_a_drill_with_a_fault_are_judged_too(tmp_path: Path) -> None:
    folder = whole_folder(tmp_path / "drill", rows=240)
    say_restored(folder, at=45.0, seconds=30.0)
    ledger = steady_ledger()
    path = folder.write(ledger, rows_of(ledger))
    copied(ledger).tofile(path / "restored-1.bin")
    recovery, verdict = judge_record(load_record(path))
    assert recovery is not None
    assert only_reason(verdict, Outcome.MISSED) == f"{NAME} took 30 s (objective 20 s)"


def test_each_restoration_has_its_own_file_and_is_judged_by_itself(folder: Folder) -> None:
    say_restored(folder)
    say_restored(folder, at=40.0, file="restored-2.bin", asked="to 10:00:21", rows=83)
    path = write(folder)
    copied(steady_ledger())[1:].tofile(path / "restored-2.bin")
    verdict = judged(path)
    reason = only_reason(verdict, Outcome.MISSED)
    assert reason.startswith("restore of the incremental backup 20260301F_I from east-backup")
    assert "(to 10:00:21) lacks 1 write" in reason
    assert [one.whole for one in compare_record(load_record(path))] == [True, False]


@pytest.mark.parametrize(
    ("changed", "needs"),
    [
        ({"kind": "partial"}, "one of full, differential, incremental as its 'kind'"),
        ({"latest": wall(19.0)}, "a time no earlier than its 'earliest' as its 'latest'"),
        ({"earliest": "2026-03-01T10:00:20"}, "with its offset from UTC, as its 'earliest'"),
        ({"seconds": -1}, "a number of seconds as its 'seconds'"),
        ({"rows": 1.5}, "a whole number as its 'rows'"),
        ({"rows": True}, "a whole number as its 'rows'"),
        ({"checks": "none"}, "a list of texts as its 'checks'"),
        ({"file": None}, "a text as its 'file'"),
    ],
)
def test_a_detail_that_is_missing_or_wrong_is_named(
    folder: Folder, changed: dict[str, Json], needs: str
) -> None:
    say_restored(folder, at=30.0, **changed)
    with pytest.raises(RecordError) as raised:
        load_record(write(folder))
    assert "timeline.jsonl:4: the entry 'restored' needs" in str(raised.value)
    assert str(raised.value).endswith(needs)


def test_a_file_of_rows_that_is_missing_or_torn_is_named(folder: Folder) -> None:
    say_restored(folder, rows=85)
    path = write(folder)
    with pytest.raises(
        RecordError, match=r"restored-1.bin: damaged: 1428 bytes are not the 85"
    ):
        load_record(path)
    (path / "restored-1.bin").unlink()
    with pytest.raises(RecordError, match=r"restored-1.bin: no such file, though the timeline"):
        load_record(path)


def test_saved_evidence_is_judged_again_to_the_same_verdict(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    say_restored(folder)
    path = write(folder)
    save_verdict(path, *judge_record(load_record(path)))
    assert main([str(path)]) == 0
    assert "MET" in capsys.readouterr().out
    copied(steady_ledger())[1:].tofile(path / "restored-1.bin")
    timeline = path / "timeline.jsonl"
    timeline.write_text(timeline.read_text().replace('"rows": 84', '"rows": 83'))
    assert main([str(path)]) == 1
    assert "the saved verdict is MET; it is MISSED now" in capsys.readouterr().out


@pytest.mark.parametrize("rpo", [0, 3600])
def test_what_the_living_cluster_lost_meanwhile_is_missed(folder: Folder, rpo: float) -> None:
    say_restored(folder)
    folder.forget(Event.OBJECTIVES)
    folder.say(61.0, Event.OBJECTIVES, rto_seconds=20, rpo_seconds=rpo, settle_seconds=5)
    kept = rows_of(steady_ledger())
    path = write(folder, final=kept[~np.isin(kept["key"], (0, 79))])
    assert only_reason(judged(path), Outcome.MISSED) == (
        "lost: 2 writes acknowledged and missing from the final read, though nothing was"
        " broken (keys 0, 79)"
    )
    row = Row.of(path)
    assert (row.rto, row.rpo, row.lost) == ("7.2 s / 20 s", "-", "2")
    shown = {figure.name: figure.text for figure in read_drill(path).figures()}
    assert shown["Lost, though nothing was broken"] == "2"
    assert not {"RTO", "RPO"} & shown.keys()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((7_777, 1, 1), "corruption: 1 row of the final read that nobody wrote"),
        ((5, 999, 1), "corruption: 1 row of the final read with a value that nobody wrote"),
    ],
)
def test_what_nobody_wrote_in_the_living_cluster_is_missed(
    folder: Folder, row: tuple[int, int, int], reason: str
) -> None:
    say_restored(folder)
    kept = rows_of(steady_ledger())
    kept = np.concatenate((kept[kept["key"] != row[0]], np.array([row], FINAL_READ)))
    assert only_reason(judged(write(folder, final=kept)), Outcome.MISSED).startswith(reason)


def test_customers_who_could_not_order_meanwhile_are_judged(folder: Folder) -> None:
    ledger = steady_ledger()
    fail(ledger, 25.0, 47.0)
    say_restored(folder)
    assert only_reason(judged(write(folder, ledger=ledger)), Outcome.MISSED) == (
        "RTO missed: customers could not write for 22.1 s (objective 20 s, resolution 0.25 s)"
    )


def test_without_a_final_read_of_the_living_cluster_it_is_inconclusive(folder: Folder) -> None:
    say_restored(folder)
    path = folder.write(steady_ledger(), None)
    copied(steady_ledger()).tofile(path / "restored-1.bin")
    assert only_reason(judged(path), Outcome.INCONCLUSIVE) == (
        "there is no final read: nobody knows which writes are lost"
    )


def test_a_ledger_that_ends_early_is_inconclusive(folder: Folder) -> None:
    say_restored(folder)
    doubtful = judged(write(folder, ledger=steady_ledger(until=50.0)))
    assert doubtful.outcome is Outcome.INCONCLUSIVE
    short, gap = doubtful.reasons
    assert short == "the ledger ends 10.2 s before the watch did"
    assert gap.startswith("nobody tried to write for 10.2 s during the watch: an outage in")


def test_a_verdict_from_before_its_customers_were_judged_is_the_same_still(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    say_restored(folder)
    path = write(folder)
    save_verdict(path, None, Verdict(Outcome.MET, ()))
    assert main([str(path)]) == 0
    save_verdict(path, None, Verdict(Outcome.MET, ("so it was",)))
    assert main([str(path)]) == 1
    kept = rows_of(steady_ledger())[1:]
    write(folder, final=kept)
    assert main([str(path)]) == 1
    assert "the saved verdict is MET; it is MISSED now" in capsys.readouterr().out


def test_its_row_tells_of_restores(folder: Folder) -> None:
    say_restored(folder)
    say_restored(folder, at=40.0, seconds=9.0, label="other")
    row = Row.of(write(folder, copied(steady_ledger())))
    assert (row.rto, row.rpo, row.lost) == ("9 s / 20 s", "-", "0")
    assert row.notes == ("2 of 2 restored whole, slowest 9 s",)
    assert Row.from_json(json.loads(json.dumps(row.to_json()))) == row
    table = render_table([row])
    assert table.endswith("\nbackups_are_restored: 2 of 2 restored whole, slowest 9 s")


def test_rows_that_a_ledger_that_ends_early_may_have_lost_are_a_doubt(folder: Folder) -> None:
    say_restored(folder)
    path = write(folder, copied(steady_ledger()), steady_ledger(until=20.5))
    verdict = judged(path)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert f"{NAME} holds 2 rows without a record in the ledger" in verdict.reasons[-1]


def test_rows_that_a_damaged_ledger_may_have_lost_are_a_doubt(folder: Folder) -> None:
    rows = copied(steady_ledger())
    ledger = steady_ledger()
    ledger["outcome"][5] = 0
    say_restored(folder)
    verdict = judged(write(folder, rows, ledger))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    damaged, in_the_copy = verdict.reasons
    assert damaged == "the ledger holds records that make no sense: 1 of them"
    assert in_the_copy == (
        f"{NAME} holds 1 row without a record in the ledger, which is damaged or ends early:"
        " whether anybody wrote that is not known"
    )


def test_what_a_copy_lacks_is_in_its_row(folder: Folder) -> None:
    say_restored(folder, rows=81)
    row = Row.of(write(folder, copied(steady_ledger())[3:]))
    assert (row.outcome, row.lost) == (Outcome.MISSED, "3")
    assert row.notes == ("0 of 1 restored whole, slowest 7.2 s",)
