"""We believe that a guardian outlives its runner, whatever ends it, and mends after it.

Real processes and real signals; the world of these runs is a folder, so that no engine is
needed: who mends it only deletes it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import psutil
import pytest

from fixtures.guarded import GuardedRun, NotGuardedError, start_guardian
from fixtures.identity import Identity, Life, life_of
from fixtures.run import ROOT
from fixtures.waiting import wait_until
from reports.journal import Journal, Note, read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOON = timedelta(seconds=20)

# Opens a guarded run with nothing in it, and then waits to be ended.
RUNNER = """
import sys
from pathlib import Path
from fixtures import guarded, run

run.RUNS = Path(sys.argv[1])
with guarded.open_guarded_run(run.Run("run", 1, ()), environment="replica") as here:
    print(here.guardian, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def guardian(runner: subprocess.Popen[str]) -> Iterator[Identity]:
    assert runner.stdout is not None
    identity = Identity.parse(runner.stdout.readline().strip())
    assert identity is not None
    yield identity
    runner.kill()
    _wait_until_dead(identity)


def _wait_until_dead(guardian: Identity) -> None:
    wait_until("the guardian to end", lambda: life_of(guardian) is not Life.ALIVE, at_most=SOON)


def _events(runs: Path) -> list[Note]:
    return [entry.event for entry in read_journal(runs / "run" / "journal.jsonl")]


def test_it_stands_by_in_a_session_of_its_own_and_is_nobodys_child(
    runner: subprocess.Popen[str], guardian: Identity
) -> None:
    assert os.getsid(guardian.pid) != os.getsid(runner.pid)
    assert psutil.Process(guardian.pid).ppid() != runner.pid


def test_after_a_normal_end_it_ends_and_adds_nothing(
    runner: subprocess.Popen[str], guardian: Identity, tmp_path: Path
) -> None:
    runner.communicate("")
    assert runner.returncode == 0

    _wait_until_dead(guardian)
    assert _events(tmp_path) == [Note.RUN_OPENED, Note.GUARDED, Note.RUN_CLOSED]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["journal.jsonl"]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_after_any_other_end_it_says_what_it_did(
    runner: subprocess.Popen[str], guardian: Identity, tmp_path: Path, end: signal.Signals
) -> None:
    runner.send_signal(end)

    _wait_until_dead(guardian)
    assert _events(tmp_path)[2:] == [
        Note.MENDING_STARTED,
        Note.MENDING_ENDED,
        Note.RUN_CLOSED,
    ]


def test_it_mends_though_somebody_deleted_the_run(
    runner: subprocess.Popen[str], guardian: Identity, tmp_path: Path
) -> None:
    with (tmp_path / "run" / "journal.jsonl").open("rb") as journal:
        shutil.rmtree(tmp_path / "run")
        runner.kill()

        _wait_until_dead(guardian)
        assert b'"run closed"' in journal.read()


@pytest.mark.parametrize("deaf_to", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_runner_politely_does_not_end_it(
    runner: subprocess.Popen[str],
    guardian: Identity,
    tmp_path: Path,
    deaf_to: signal.Signals,
) -> None:
    os.kill(guardian.pid, deaf_to)
    runner.kill()

    _wait_until_dead(guardian)
    assert _events(tmp_path)[-1] is Note.RUN_CLOSED


def test_another_takes_the_place_of_one_that_died(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        run = GuardedRun(journal, start_guardian)
        run.stand_by()
        first = Identity.parse(run.guardian or "")
        run.stand_by()
        assert str(first) == run.guardian
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        _wait_until_dead(first)

        run.stand_by()

        second = Identity.parse(run.guardian or "")
        assert second is not None
        assert second != first
        assert life_of(second) is Life.ALIVE
        guards = [
            entry.details["guardian"]
            for entry in read_journal(journal.path)
            if entry.event is Note.GUARDED
        ]
        assert guards == [str(first), str(second)]
    _wait_until_dead(second)


def test_no_guardian_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(NotGuardedError, match="no guardian stands by, so nothing is broken"):
        start_guardian(tmp_path / "journal.jsonl")
