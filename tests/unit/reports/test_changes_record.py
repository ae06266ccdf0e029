"""Belief: a drill's folder says all that the judge of changes and intruders needs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reports.__main__ import main
from reports.changes_log import By, Step
from reports.exhibits import metrics, picture, read_drill, tables
from reports.matrix import MatrixWriter, Pair, Way
from reports.record import (
    RecordError,
    judge_record,
    load_record,
    measure_changes,
    read_verdict,
    save_verdict,
)
from reports.table import WIDTH, Row, render_table
from reports.verdict import BreachObjectives, ChangeObjectives, Outcome
from tests.unit.reports.change_drills import (
    ASKED,
    BREACH,
    EVENTS,
    WHOLE_BREACH,
    WHOLE_LOG,
    BreachCase,
    ChangeCase,
    says,
    whole_change_folder,
)
from tests.unit.reports.drills import OBJECTIVES

if TYPE_CHECKING:
    from pathlib import Path

NO_CHANGES = "there is no changes log: nobody knows how the change ended"
NO_INTRUDER = "there is no intruder's log: nobody knows what the intruder did"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return whole_change_folder(tmp_path / "run-1" / "a_bad_release")


def test_a_whole_record_is_read_and_judged(folder: Path) -> None:
    record = load_record(folder)
    assert record.objectives == replace(OBJECTIVES, change=ASKED, breach=BREACH)
    assert (record.changes_log, record.intruder_log) == (WHOLE_LOG, WHOLE_BREACH)
    recovery, verdict = judge_record(record)
    assert recovery is not None
    assert (recovery.harm, recovery.intrusion) == (
        ChangeCase().measure(), BreachCase().measure(),
    )  # fmt: skip
    assert (verdict.outcome, verdict.reasons) == (Outcome.MET, ())


def test_all_that_is_asked_is_read(tmp_path: Path) -> None:
    change = ChangeObjectives(
        harmed=0.5, ends="promoted", by="people", harm_seconds=1.5, rollback_seconds=2.5,
        rollback_from_start_seconds=3.5, failed=0.25, harmed_after=7, slow_after=8, bites=9,
        kind="flag", slow_seconds=1.25,
    )  # fmt: skip
    breach = BreachObjectives(detect_seconds=1.5, shut_out_seconds=2.5, refused_after=5)
    for objectives in (
        replace(OBJECTIVES, change=change, breach=breach),
        replace(OBJECTIVES, change=ChangeObjectives(harmed=0.1, ends="refused")),
        replace(OBJECTIVES, change=replace(change, slow_seconds=None)),
        OBJECTIVES,
    ):
        folder = whole_change_folder(tmp_path / "drill", objectives=objectives)
        assert load_record(folder).objectives == objectives


def test_a_verdict_is_read_back_as_it_was_saved_and_reached_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recovery, verdict = judge_record(load_record(folder))
    save_verdict(folder, recovery, verdict)
    assert read_verdict(folder) == (recovery, verdict)
    assert main([str(folder)]) == 0
    capsys.readouterr()
    log = folder / "changes.jsonl"
    log.write_text(log.read_text().replace('"at": 17.0', '"at": 17.5'))
    assert main([str(folder)]) == 1
    assert "MET as saved, but its figures or reasons differ" in capsys.readouterr().out


def test_a_verdict_from_before_changes_and_intruders_were_measured_is_the_same_still(
    tmp_path: Path,
) -> None:
    folder = whole_change_folder(tmp_path / "drill", objectives=OBJECTIVES)
    save_verdict(folder, *judge_record(load_record(folder)))
    saved = folder / "verdict.json"
    document = json.loads(saved.read_text())
    del document["recovery"]["harm"], document["recovery"]["intrusion"]
    saved.write_text(json.dumps(document))
    assert main([str(folder)]) == 0


@pytest.mark.parametrize(
    ("file", "why"), [("changes.jsonl", NO_CHANGES), ("intruder.jsonl", NO_INTRUDER)]
)
def test_a_drill_whose_log_is_gone_is_inconclusive(folder: Path, file: str, why: str) -> None:
    (folder / file).unlink()
    _, verdict = judge_record(load_record(folder))
    assert (verdict.outcome, verdict.reasons) == (Outcome.INCONCLUSIVE, (why,))


@pytest.mark.parametrize("file", ["changes.jsonl", "intruder.jsonl", "networks.jsonl"])
def test_a_damaged_log_is_named(
    folder: Path, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / file).write_text("{torn\n")
    assert main([str(folder)]) == 2
    assert f"{file}:1: not an entry of a" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "changed", "needs"),
    [
        ("change", {"harmed": -1}, "a share from 0 to 1 as its 'change.harmed'"),
        ("change", {"ends": "well"}, "one of refused, promoted, rolled back, failed as its"),
        ("change", {"by": "chance"}, "one of itself, people as its 'change.by'"),
        ("change", {"slow_after": 0.5}, "a whole number as its 'change.slow_after'"),
        ("change", {"bites": 0.5}, "a whole number as its 'change.bites'"),
        ("change", {"harm_seconds": "few"}, "a number as its 'change.harm_seconds'"),
        ("breach", {"detect_seconds": None}, "seconds as its 'breach.detect_seconds'"),
        ("breach", {"refused_after": -3}, "a whole number as its 'breach.refused_after'"),
    ],
)
def test_a_damaged_objective_is_named(
    folder: Path, asked: str, changed: dict[str, object], needs: str
) -> None:
    timeline = folder / "timeline.jsonl"
    entries = [json.loads(line) for line in timeline.read_text().splitlines()]
    for entry in entries:
        if entry["event"] == "objectives":
            entry[asked] |= changed
    timeline.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    with pytest.raises(RecordError) as raised:
        load_record(folder)
    assert needs in str(raised.value)


def test_the_terminal_tells_of_changes_and_of_the_intruder(folder: Path) -> None:
    lines = render_table([Row.of(folder)]).splitlines()
    told = " ".join(line.strip() for line in lines)
    assert (
        "the release errs-1 rolled back by itself 4 s after its first harmed request; 3 of 33"
        " requests harmed within 2 s; 0 failed and 0 were slow after that"
    ) in told
    assert (
        "the intruder was noticed 2 s after its first success (a login from no instance), and"
        " said 8 s after it to be out; 8 of 29 attempts got in, 0 of them after that, when 20"
        " were refused"
    ) in told
    assert max(map(len, lines)) <= WIDTH


def test_figures_stand_beside_what_was_asked(folder: Path) -> None:
    drill = read_drill(folder)
    shown = {figure.name: figure.text for figure in drill.figures()}
    assert (
        shown["Harmed by the release errs-1 (failed, or over 0.5 s)"]
        == "3 of 33 requests, 9.09 % of 10 %"
    )
    assert shown["… from first to last"] == "2 s of 5 s"
    assert shown["… ended"] == "rolled back by itself of rolled back by itself"
    assert shown["… from first harm to rolled back"] == "4 s of 5 s"
    assert shown["… from start to rolled back"] == "7 s of 10 s"
    assert shown["… of which failed"] == "2 of 8 %"
    assert (shown["… failed after that"], shown["… slow after that"]) == ("0 of 0", "0 of 1")
    assert shown["Intruder noticed after"] == "2 s of 5 s"
    assert shown["… refused after that"] == "20 of at least 3"
    measured = {str(one["groupTitle"]): one["value"] for one in metrics(drill)}
    assert measured["Time to roll a change back, from the first harmed request"] == 4.0
    assert measured["Time to shut an intruder out, from its first success"] == 8.0


def test_where_only_failures_are_harm_it_says_so_and_is_judged_so(tmp_path: Path) -> None:
    asked = replace(ASKED, slow_seconds=None, bites=2, harmed=2 / 33)
    objectives = replace(OBJECTIVES, change=asked)
    folder = whole_change_folder(tmp_path / "drill", objectives=objectives)
    recovery, verdict = judge_record(load_record(folder))
    assert recovery is not None
    assert recovery.harm is not None
    (one,) = recovery.harm.changes
    assert (one.harmed, one.failed, one.harm_seconds) == (2, 2, 0.25)
    assert (verdict.outcome, verdict.reasons) == (Outcome.MET, ())
    shown = {figure.name for figure in read_drill(folder).figures()}
    assert "Harmed by the release errs-1 (failed)" in shown
    assert Row.of(folder).notes[-2].endswith("; 0 failed after that")


def test_tables_tell_every_change_every_step_and_every_deed(folder: Path) -> None:
    changes, said, counted, uses, deeds = tables(read_drill(folder))
    assert changes.rows == [
        (
            "errs-1", "release", "rolled back", "itself", "33", "3", "9.09 %", "2 s", "4 s",
            "7 s", "0", "0",
        )
    ]  # fmt: skip
    assert said.rows[2] == ("+2.0", "errs-1", "stage", "10 %", "itself", "so it was")
    assert counted.rows[-1][:6] == ("all", "1", "0", "1", "1", "100 %")
    assert uses.rows == [
        ("intruder-inside", "orders_a", "8", "20", "1", "+0.0 s", "+7.0 s", "0", "20")
    ]
    assert [(row[0], row[1], row[4], row[5], row[6]) for row in deeds.rows] == [
        ("-1.0 s", "-1.0 s", "login", "unknown", "1"),
        ("+0.0 s", "+7.0 s", "login", "in", "8"),
        ("+2.0 s", "", "noticed", "", ""),
        ("+4.0 s", "", "noticed", "", ""),
        ("+6.0 s", "", "noticed", "", ""),
        ("+8.0 s", "+27.0 s", "login", "out", "20"),
        ("+8.0 s", "", "said to be out", "", ""),
    ]


def test_the_picture_has_a_line_for_each(folder: Path) -> None:
    drawn = picture(read_drill(folder)).decode()
    assert "change-" in drawn
    assert "intruder-" in drawn
    assert "errs-1: rolled back, 3 of 33 harmed" in drawn
    assert "in: noticed after 2 s, out after 8 s" in drawn


def test_networks_that_are_not_as_designed_are_a_breach(folder: Path) -> None:
    good = Pair(source="edge", target="app", port=80, designed=Way.ALLOWED, seen=Way.ALLOWED)
    with MatrixWriter(folder / "networks.jsonl") as matrix:
        matrix.write(good)
        assert judge_record(load_record(folder))[1].outcome is Outcome.MET
        matrix.write(replace(good, port=81, seen=Way.UNKNOWN))
        _, verdict = judge_record(load_record(folder))
        assert verdict.outcome is Outcome.INCONCLUSIVE
        matrix.write(replace(good, target="db", port=5432, designed=Way.REFUSED))
    record = load_record(folder)
    _, verdict = judge_record(record)
    assert verdict.outcome is Outcome.MISSED
    assert verdict.reasons == (
        "networks: edge can connect to db:5432, and must not",
        "networks: whether edge can connect to app:81 is not known",
    )
    said = replace(record, breaches=verdict.reasons[:1])  # the hands have said so themselves
    assert judge_record(said)[1].reasons == verdict.reasons
    notes = Row.of(folder).notes
    assert "3 pairs tried: 2 allowed, 0 refused, 2 not as designed" in notes


def drill_of(run: Path, name: str, *events: object) -> None:
    whole_change_folder(run / name, events=events)  # type: ignore[arg-type]


def test_auditors_count_over_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = folder.parent.parent
    good = (
        says(1.0, Step.PROPOSED, by=By.PEOPLE),
        says(2.0, Step.STARTED, 0.1),
        says(41.0, Step.PROMOTED, 1.0),
    )
    drill_of(runs / "run-2", "a_good_release", *good)
    drill_of(runs / "run-2", "refused", says(1.0, Step.PROPOSED), says(2.0, Step.REFUSED))
    assert main(["changes"], runs=runs) == 0
    printed = capsys.readouterr().out
    assert "over 3 drills with changes" in printed
    assert max(map(len, printed.splitlines())) <= WIDTH
    (row,) = [line.split("  ") for line in printed.splitlines() if line.startswith("all")]
    assert [cell.strip() for cell in row if cell.strip()] == [
        "all", "3", "1", "2", "1", "50 %", "4 s", "4 s", "40 s", "40 s",
    ]  # fmt: skip
    assert main(["changes", "run-1", str(runs / "run-2" / "refused")], runs=runs) == 0
    assert "over 2 drills" in capsys.readouterr().out


def test_what_cannot_be_counted_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = folder.parent.parent
    assert main(["changes", "nonesuch"], runs=runs) == 2
    assert "nonesuch: no such run" in capsys.readouterr().err
    (folder / "changes.jsonl").write_text("{torn\n")
    assert main(["changes"], runs=runs) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "left out: " in err
    assert "changes.jsonl:1: not an entry of a changes log" in err
    assert "none of 1 drills tells of a change" in err
    whole_change_folder(folder)
    timeline = folder / "timeline.jsonl"
    kept = [line for line in timeline.read_text().splitlines() if "load stopped" not in line]
    timeline.write_text("\n".join(kept) + "\n")
    assert measure_changes(load_record(folder)) is None
    assert main(["changes"], runs=runs) == 2
    assert "its customers were not watched to the end" in capsys.readouterr().err


def test_a_report_counts_all_drills_so_far_as_they_were_saved(folder: Path) -> None:
    root = folder.parent.parent
    later, other = folder.parent / "later", root / "run-2" / "other"
    for saved in (folder, later, other, root / "no-run" / "x"):
        whole_change_folder(saved)
        save_verdict(saved, *judge_record(load_record(saved)))
    (root / "run-2" / "run.json").write_text("{}")
    whole_change_folder(folder.parent / "without_a_verdict")
    broken = whole_change_folder(folder.parent / "broken")
    (broken / "verdict.json").write_text("{torn")
    counted = tables(read_drill(folder))[2]
    assert counted.rows[-1][:2] == ("all", "3")  # itself, the later one, and that of run-2


def test_a_change_without_a_fault_is_measured_and_judged(tmp_path: Path) -> None:
    objectives = replace(OBJECTIVES, change=ASKED)
    folder = whole_change_folder(tmp_path / "drill", objectives=objectives)
    timeline = folder / "timeline.jsonl"
    kept = [line for line in timeline.read_text().splitlines() if '"fault' not in line]
    timeline.write_text("\n".join(kept) + "\n")
    record = load_record(folder)
    assert (record.injections, record.changes_log) == ((), replace(WHOLE_LOG, events=EVENTS))
    recovery, verdict = judge_record(record)
    assert recovery is not None
    assert (verdict.outcome, verdict.reasons) == (Outcome.MET, ())
