"""Belief: the table fits a terminal, hides no reason, and travels between processes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.exhibits import read_drill
from reports.ledger import Outcome as Told
from reports.ledger import Seen
from reports.record import judge_record, load_record, save_verdict
from reports.table import WIDTH, Row, render_table
from reports.timeline import Event
from reports.verdict import Outcome, Verdict
from tests.unit.reports.drills import fail, reads_of_own, rows_of, steady_ledger, whole_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.reports.drills import Folder


def row_of(folder: Folder, *, failing_until: float, lost: int = 0) -> Row:
    ledger = steady_ledger()
    rows = rows_of(ledger)[lost:]
    fail(ledger, 10.0, failing_until, Told.UNKNOWN)
    return Row.of(folder.write(ledger, rows))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return whole_folder(tmp_path / "drill", rows=240)


def test_a_drill_in_one_line(folder: Folder) -> None:
    table = render_table([row_of(folder, failing_until=22.0)])
    headings, line, drill = table.splitlines()
    assert headings.split("  ") == [
        "scenario", *[""] * 6, " verdict", "RTO / objective", "RPO / objective", "lost",
        "unknown", "resolution",
    ]  # fmt: skip
    assert line == "-" * len(headings)
    assert drill.split() == [
        "the", "primary", "is", "killed", "MET", "12.1", "s", "/", "20", "s",
        "0", "s", "/", "0", "s", "0", "48", "0.25", "s",
    ]  # fmt: skip
    assert [headings.index("RPO") - 2, len(headings)] == [drill.index("20 s") + 4, len(drill)]


def test_losses_and_lower_bounds_show_and_reasons_follow(tmp_path: Path) -> None:
    folder = whole_folder(tmp_path / "drill", rows=238)
    lines = render_table([row_of(folder, failing_until=60.0, lost=2)]).splitlines()
    assert lines[2].split("  ")[1:2] == ["MISSED"]
    assert "≥ 50 s / 20 s" in lines[2]
    assert "≥ 9.87 s / 0 s     2      200" in lines[2]
    assert lines[3:5] == ["", "MISSED: the_primary_is_killed"]
    assert lines[5].startswith("  - RTO missed: customers could not write for at least 50 s")
    reasons = row_of(folder, failing_until=60.0, lost=2).reasons
    assert sum(line.startswith("  - ") for line in lines) == len(reasons) == 3


def test_a_figure_that_misses_by_little_is_told_apart_from_its_objective(
    folder: Folder,
) -> None:
    folder.forget(Event.OBJECTIVES)
    folder.say(61.0, Event.OBJECTIVES, rto_seconds=12.12, rpo_seconds=0, settle_seconds=5)
    row = row_of(folder, failing_until=22.0)
    assert (row.outcome, row.rto) == (Outcome.MISSED, "12.125 s / 12.12 s")
    assert row.rpo == "0 s / 0 s"
    shown = {figure.name: figure.text for figure in read_drill(folder.path).figures()}
    assert (shown["RTO"], shown["RPO"]) == ("12.125 s of 12.12 s", "0 s of 0 s")


def test_what_is_lost_to_a_split_brain_is_lost(tmp_path: Path) -> None:
    folder = whole_folder(tmp_path / "drill", rows=237)
    ledger = steady_ledger()
    kept = rows_of(ledger)
    kept = kept[(kept["key"] != 20) & (kept["key"] != 100) & (kept["key"] != 101)]
    row = Row.of(folder.write(ledger, kept))
    assert (row.lost, row.outcome) == ("3", Outcome.MISSED)
    assert any(reason.startswith("split brain: 2 writes") for reason in row.reasons)


def test_what_people_may_take_is_shown_apart(folder: Folder) -> None:
    folder.say(12.0, Event.RUNBOOK_STARTED, runbook="promote.md", allowance_seconds=300)
    folder.say(14.0, Event.RUNBOOK_STARTED, runbook="verify.md", allowance_seconds=60)
    table = render_table([row_of(folder, failing_until=22.0)])
    assert "12.1 s / 20 s" in table
    assert table.splitlines()[-1] == (
        "the_primary_is_killed: people may take 360 s to decide, which is not in the RTO"
        " measured"
    )


def test_how_customers_fared_is_told_in_a_line_of_its_own(folder: Folder) -> None:
    writes = steady_ledger()
    reads = reads_of_own(writes)
    fail(writes, 10.0, 22.0, Told.UNKNOWN)
    reads["seen"][:2] = Seen.ABSENT
    path = folder.write(np.concatenate((writes, reads)), rows_of(steady_ledger()))
    (note,) = Row.of(path).notes
    assert note == (
        "80 % of the writes and 100 % of the reads answered, reads away for 0 s at the longest,"
        " 2 stale, 0 wrong"
    )
    lines = render_table([Row.of(path)]).splitlines()
    assert lines[3].startswith("the_primary_is_killed: 80 % of the writes and 100 % of the")
    assert max(map(len, lines)) <= WIDTH


def test_what_was_not_measured_is_a_dash(folder: Folder) -> None:
    folder.forget(Event.OBJECTIVES)
    ledger = steady_ledger()
    row = Row.of(folder.write(ledger, rows_of(ledger)))
    assert [row.rto, row.rpo, row.lost, row.unknown, row.resolution] == ["-"] * 5


def test_without_a_final_read_nothing_is_said_of_losses(folder: Folder) -> None:
    folder.forget(Event.FINAL_READ)
    row = Row.of(folder.write(steady_ledger(), None))
    assert (row.rto, row.rpo, row.lost) == ("0 s / 20 s", "-", "-")


def test_the_saved_verdict_is_shown_where_there_is_one(folder: Folder) -> None:
    ledger = steady_ledger()
    path = folder.write(ledger, rows_of(ledger))
    recovery, verdict = judge_record(load_record(path))
    assert verdict.outcome is Outcome.MET
    save_verdict(path, recovery, Verdict(Outcome.MISSED, ("as it was then",)))
    assert Row.of(path).reasons == ("as it was then",)


def test_a_row_survives_the_way_between_processes(folder: Folder) -> None:
    row = row_of(folder, failing_until=60.0)
    assert Row.from_json(json.loads(json.dumps(row.to_json()))) == row
    left_nothing = Row.inconclusive("the_primary_is_killed", "no engine answers")
    assert Row.from_json(json.loads(json.dumps(left_nothing.to_json()))) == left_nothing


def test_it_fits_a_terminal_whatever_is_in_it(folder: Folder) -> None:
    long = replace(
        row_of(folder, failing_until=60.0),
        scenario="the_primary_is_cut_off_from_everyone_else_but_its_customers_and_left_alone",
        outcome=Outcome.INCONCLUSIVE,
        rto="≥ 3600.1 s / 3600 s",
        rpo="3600.1 s / 300 s",
        lost="1,234,567",
        unknown="1,234,567",
        resolution="0.001 s",
        reasons=("because " * 40,),
        notes=("so " * 90,),
    )
    table = render_table([long, row_of(folder, failing_until=22.0)])
    assert max(map(len, table.splitlines())) <= 120
    reasons = [line for line in table.splitlines() if "because" in line]
    assert max(map(len, reasons)) <= WIDTH
    assert sum(line.count("because") for line in reasons) == 40
