"""We believe that a drill whose process died is in the report, and harms no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fixtures.run import ROOT
from reports.journal import Note
from reports.timeline import Event
from tests.fakes.caretaker import open_journal
from tests.unit.plugin.runs import await_closed_by_guardian, notes, open_pytest

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_mends_what_dead_ones_left_before_it_begins(tmp_path: Path) -> None:
    dead = tmp_path / "runs" / "dead"
    dead.mkdir(parents=True)
    with open_journal(dead):
        pass

    with open_pytest(tmp_path, "-k", "stopped") as running:
        ended = running.ended()

    assert notes(dead / "journal.jsonl")[-1] is Note.RUN_CLOSED
    assert "dead: its run is dead (journal.jsonl)" in ended.printed


def judged_again(run: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reports", str(run)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_worker_that_is_killed_loses_one_drill_and_disturbs_none(tmp_path: Path) -> None:
    with open_pytest(tmp_path, "-n", "2", "-k", "idle or patient or early") as running:
        victim = int(running.await_file("idle").read_text())
        running.await_file("patient")
        with_torn_line(tmp_path, "idle")
        os.kill(victim, signal.SIGKILL)
        (tmp_path / "go").touch()
        ended = running.ended()

    assert ended.code == pytest.ExitCode.TESTS_FAILED, ended.printed
    (why, *_) = ended.verdict("idle")["reasons"]
    assert why.startswith("the drill was lost: worker gw")
    assert "INCONCLUSIVE" in ended.row("idle")
    assert "INCONCLUSIVE" in ended.row("early")
    assert Event.FAULT_GONE in ended.events("patient")
    (why, *_) = ended.verdict("patient")["reasons"]
    assert why.startswith("the scenario never judged its drill")
    await_closed_by_guardian(ended.run)
    mended = [Note.MENDING_STARTED in notes(path) for path in ended.run.glob("journal*.jsonl")]
    assert sorted(mended)[-2:] == [False, True] or mended == [True]


def with_torn_line(folder: Path, drill: str) -> None:
    """Leave half a line, as a process does that is killed while it writes."""
    (timeline,) = folder.glob(f"runs/*/{drill}/timeline.jsonl")
    with timeline.open("a") as lines:
        lines.write('{"at": 1')


def test_lost_drills_are_in_allure_as_they_would_have_been(tmp_path: Path) -> None:
    with open_pytest(tmp_path, "-n", "1", "-k", "idle or patient or early") as running:
        (tmp_path / "go").touch()
        victim = int(running.await_file("idle").read_text())
        os.kill(victim, signal.SIGKILL)
        ended = running.ended()

    live = ended.result("test_patient")
    early = ended.result("test_early")
    lost = ended.result("test_idle")
    assert (
        lost["name"] == "Nothing is broken, so that nothing is to be mended when it is killed."
    )
    assert lost["status"] == early["status"] == "broken"
    assert "died in this test" in lost["statusDetails"]["message"]
    assert "died before it could judge it" in early["statusDetails"]["message"]
    assert labels(lost) == labels(live)
    assert lost["titlePath"] == live["titlePath"] == early["titlePath"]
    assert labels(live) - labels(early) == {
        ("requirement", "R-1"), ("tag", "R-1"), ("tag", "INCONCLUSIVE"), ("tag", "dr")
    }  # fmt: skip
    assert [one["name"] for one in lost["steps"]] == [
        "Obstacle: " + ended.verdict("idle")["reasons"][0]
    ]
    captured = {"stdout", "stderr", "log"}  # by the pytest of the one that lived
    assert {one["name"] for one in lost["attachments"]} == {
        one["name"] for one in live["attachments"]
    } - captured


def labels(result: dict[str, list[dict[str, str]]]) -> set[tuple[str, str]]:
    """All but the thread, which is another one."""
    every = {(one["name"], one["value"]) for one in result["labels"]}
    return {one for one in every if one[0] != "thread"}


def test_a_lost_drill_has_the_history_of_its_test(tmp_path: Path) -> None:
    lost, lived = tmp_path / "lost", tmp_path / "lived"
    for folder in (lost, lived):
        folder.mkdir()
    with open_pytest(lost, "-n", "1", "-k", "test_idle") as running:
        os.kill(int(running.await_file("idle").read_text()), signal.SIGKILL)
        here = running.ended().result("test_idle")
    (lived / "never").touch()
    with open_pytest(lived, "-k", "test_idle") as running:
        there = running.ended().result("test_idle")

    for one in ("name", "fullName", "historyId", "testCaseId", "titlePath"):
        assert here[one] == there[one]


def test_a_runner_that_is_killed_leaves_what_can_be_judged(tmp_path: Path) -> None:
    with open_pytest(tmp_path, "-k", "test_idle") as running:
        running.await_file("idle")
        running.process.kill()
        ended = running.ended()

    await_closed_by_guardian(ended.run)
    done = judged_again(ended.run)
    assert done.returncode == 1
    assert "INCONCLUSIVE" in done.stdout
    assert "the steady state before was never checked" in done.stdout
    assert "no verdict was saved; it is INCONCLUSIVE now" in done.stdout
    (ended.run / "idle" / "timeline.jsonl").write_text("")
    done = judged_again(ended.run)
    assert done.returncode == 1
    assert "its process ended before the drill started" in done.stdout
    assert not done.stderr


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "a worker"])
def test_a_full_disk_is_a_sentence_and_keeps_nothing_from_mending(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    # Without capture, for what is captured is written to files as well.
    with open_pytest(tmp_path, "-s", "-k", "test_full_disk", *workers) as running:
        ended = running.ended()

    assert ended.code not in {pytest.ExitCode.OK, pytest.ExitCode.INTERRUPTED}
    assert "INCONCLUSIVE" in ended.row("full disk")
    assert "cannot be written (File too large): free space there" in ended.printed
    assert "Allure's results cannot be written (File too large)" in ended.printed
    assert "Traceback" not in ended.printed
    assert "INTERNALERROR" not in ended.printed
    assert "the world is left with []" in ended.printed


def test_residue_at_the_end_is_a_sentence_and_a_failure(tmp_path: Path) -> None:
    with open_pytest(tmp_path, "-k", "test_leaves") as running:
        ended = running.ended()

    assert ended.code == pytest.ExitCode.TESTS_FAILED
    assert "the run has left something behind: a container" in ended.printed
    assert "raise WorldError" not in ended.printed
    assert "Traceback" not in ended.printed
