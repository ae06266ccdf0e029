"""We believe that a killed worker takes its own drill with it, and leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import docker
import pytest

from fixtures.run import ROOT, RUNS
from fixtures.waiting import wait_until
from reports.journal import Note, read_journal
from reports.timeline import Event, read_timeline

if TYPE_CHECKING:
    from pathlib import Path

AT_MOST = timedelta(minutes=3)
DRILLS = "tests/contract/two_workers/drills.py"
LOST = "the_lost"
UNTOUCHED = "the_spared"


@pytest.mark.contract
@pytest.mark.nightly  # three replicas at once take two minutes; tests/unit/plugin has the rest
def test_a_killed_worker_loses_its_own_drill_only(tmp_path: Path) -> None:
    before = set(RUNS.glob("*"))
    output = tmp_path / "output"
    with output.open("w") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-m", "dr", "-n", "2", "-p", "no:cacheprovider",
             DRILLS],
            cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, process_group=0,
        )  # fmt: skip
    try:
        wait_until(
            "the drill to break its world",
            lambda: running.poll() is not None or _journal_of_broken(before),
            at_most=AT_MOST,
        )
        journal = _journal_of_broken(before)
        assert journal is not None, output.read_text()
        opened = read_journal(journal)[0].details
        os.kill(int(str(opened["owner"]).split("/")[3]), signal.SIGKILL)
        code = running.wait(AT_MOST.total_seconds())
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGTERM)  # it mends; a second one it never gets
            running.wait(AT_MOST.total_seconds())

    run = journal.parent
    printed = output.read_text()
    assert code == pytest.ExitCode.TESTS_FAILED, printed
    assert json.loads((run / UNTOUCHED / "verdict.json").read_text())["outcome"] == "MET"
    lost = json.loads((run / LOST / "verdict.json").read_text())
    assert lost["outcome"] == "INCONCLUSIVE"
    assert lost["reasons"][0].startswith("the drill was lost: worker gw")
    rows = [line for line in printed.splitlines() if line.startswith("the lost ")]
    assert len(rows) == 1
    assert "INCONCLUSIVE" in rows[0]
    assert _outcomes_in_allure(run) == {LOST: "INCONCLUSIVE", UNTOUCHED: "MET"}
    wait_until("the guardian to end", lambda: _is_closed(journal), at_most=AT_MOST)
    assert _containers_of(run.name) == []


def _journal_of_broken(before: set[Path]) -> Path | None:
    """Find the journal of the worker whose drill is the one to be lost, once it is broken."""
    for timeline in RUNS.glob(f"*/{LOST}/timeline.jsonl"):
        run = timeline.parent.parent
        broken = any(e.event is Event.FAULT_TOOK_EFFECT for e in read_timeline(timeline))
        if run in before or not broken:
            continue
        for journal in run.glob("journal-gw*.jsonl"):
            if any(_plans_the_lost(entry.details) for entry in read_journal(journal)):
                return journal
    return None


def _plans_the_lost(details: object) -> bool:
    return isinstance(details, dict) and str(details.get("id", "")).startswith(f"{LOST}/")


def _is_closed(journal: Path) -> bool:
    return read_journal(journal)[-1].event is Note.RUN_CLOSED


def _outcomes_in_allure(run: Path) -> dict[str, str]:
    found = {}
    for path in (run / "allure-results").glob("*-result.json"):
        result = json.loads(path.read_text())
        tags = {one["value"] for one in result["labels"] if one["name"] == "tag"}
        (outcome,) = tags & {"MET", "MISSED", "INCONCLUSIVE"}
        found[result["fullName"].partition("#test_")[2]] = outcome
    return found


def _containers_of(run: str) -> list[str]:
    every = docker.from_env().containers.list(all=True)
    return [
        str(one.name) for one in every if any(run in value for value in one.labels.values())
    ]
