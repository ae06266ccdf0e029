"""Belief: ``python -m reports RUN`` reaches the saved verdict, or says that it does not."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reports.__main__ import main
from reports.record import judge_record, load_record, read_verdict, save_verdict
from reports.verdict import Outcome, Verdict
from tests.unit.reports.drills import fail, rows_of, steady_ledger, whole_folder

if TYPE_CHECKING:
    from pathlib import Path

ROOT_COMMAND = [sys.executable, "-m", "reports"]


def make_drill(folder: Path, *, failing_until: float = 22.0) -> Path:
    ledger = steady_ledger()
    rows = rows_of(ledger)
    fail(ledger, 10.0, failing_until)
    taken = rows_of(ledger)
    whole_folder(folder, rows=taken.size).write(ledger, taken)
    assert rows.size >= taken.size
    save_verdict(folder, *judge_record(load_record(folder)))
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for run in ("20260301T100000Z-aaaa", "20260302T100000Z-bbbb"):
        make_drill(tmp_path / run / "the_primary_is_killed")
        (tmp_path / run / "run.json").write_text("{}")
    make_drill(tmp_path / "20260302T100000Z-bbbb" / "later", failing_until=50.0)
    return tmp_path


def test_equal_verdicts_are_exit_status_0_whatever_they_are(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["20260302T100000Z-bbbb"], runs=runs) == 0
    printed = capsys.readouterr().out
    assert printed.count("the primary is killed") == 2
    assert "MISSED: the_primary_is_killed" in printed
    assert printed.endswith("\nevery verdict is the one that was saved\n")


def test_latest_is_the_run_that_started_last(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["latest"], runs=runs) == 0
    assert capsys.readouterr().out.count("the primary is killed") == 2


def test_a_folder_of_a_run_or_a_drill_will_do(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = runs / "20260301T100000Z-aaaa"
    assert main([str(run)], runs=runs) == 0
    assert main([str(run / "the_primary_is_killed")], runs=runs) == 0
    assert capsys.readouterr().out.count("the primary is killed") == 2


def test_another_outcome_is_exit_status_1(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drill = runs / "20260301T100000Z-aaaa" / "the_primary_is_killed"
    save_verdict(drill, None, Verdict(Outcome.MISSED, ("so it was",)))
    assert main(["20260301T100000Z-aaaa"], runs=runs) == 1
    printed = capsys.readouterr().out
    assert "the_primary_is_killed: the saved verdict is MISSED; it is MET now\n" in printed
    assert "every verdict" not in printed


def test_another_figure_or_reason_is_exit_status_1(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drill = runs / "20260301T100000Z-aaaa" / "the_primary_is_killed"
    ledger = steady_ledger()
    fail(ledger, 10.0, 22.25)
    ledger.tofile(drill / "ledger.bin")  # one acknowledgement turned into a refusal…
    rows = rows_of(ledger)
    rows.tofile(drill / "final-read.bin")
    timeline = drill / "timeline.jsonl"
    timeline.write_text(timeline.read_text().replace('"rows": 192', f'"rows": {rows.size}'))
    assert main(["20260301T100000Z-aaaa"], runs=runs) == 1
    assert "MET as saved, but its figures or reasons differ" in capsys.readouterr().out


def test_a_verdict_from_before_reads_since_the_fault_were_counted_is_the_same_still(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = runs / "20260301T100000Z-aaaa" / "the_primary_is_killed" / "verdict.json"
    document = json.loads(saved.read_text())
    del document["recovery"]["service"]["reads_shown_since_fault"]
    saved.write_text(json.dumps(document))
    assert main(["20260301T100000Z-aaaa"], runs=runs) == 0
    assert capsys.readouterr().out.endswith("\nevery verdict is the one that was saved\n")


def test_a_verdict_from_before_reads_were_judged_is_the_same_still(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = runs / "20260301T100000Z-aaaa" / "the_primary_is_killed" / "verdict.json"
    document = json.loads(saved.read_text())
    del document["recovery"]["service"]
    saved.write_text(json.dumps(document))
    assert main(["20260301T100000Z-aaaa"], runs=runs) == 0
    assert capsys.readouterr().out.endswith("\nevery verdict is the one that was saved\n")


def test_no_saved_verdict_is_exit_status_1(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs / "20260301T100000Z-aaaa" / "the_primary_is_killed" / "verdict.json").unlink()
    assert main(["20260301T100000Z-aaaa"], runs=runs) == 1
    assert "no verdict was saved; it is MET now" in capsys.readouterr().out


def test_bad_input_is_exit_status_2_and_one_sentence(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drill = runs / "20260301T100000Z-aaaa" / "the_primary_is_killed"
    (drill / "timeline.jsonl").write_text("{torn\n")
    (runs / "empty").mkdir()
    for run, sentence in (
        ("nonesuch", "nonesuch: no such run: name a folder, or one of those in"),
        ("empty", "no drill has its timeline.jsonl in there: name another run"),
        ("20260301T100000Z-aaaa", "timeline.jsonl:1: not a timeline entry: "),
    ):
        assert main([run], runs=runs) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert sentence in err
        assert err.count("\n") == 1


def test_latest_without_any_run_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["latest"], runs=tmp_path) == 2
    assert "no run in there yet" in capsys.readouterr().err


def test_the_command_itself_judges_a_folder(runs: Path) -> None:
    run = runs / "20260302T100000Z-bbbb"
    done = subprocess.run(
        [*ROOT_COMMAND, str(run)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "MISSED" in done.stdout
    saved = read_verdict(run / "later")
    assert saved is not None
    assert saved[1].outcome is Outcome.MISSED
