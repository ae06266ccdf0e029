"""We believe that one signal mends and reports, and that two leave the mending to others."""

from __future__ import annotations

import os
import pty
import signal
from typing import TYPE_CHECKING

import pytest

from fixtures.drill_ends import DrillEnds
from fixtures.run import ROOT
from fixtures.signals import Signals
from fixtures.waiting import wait_until
from reports.journal import Note
from reports.timeline import Event
from tests.unit.plugin.runs import (
    SOON,
    Ended,
    await_closed_by_guardian,
    command,
    notes,
    open_pytest,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.plugin.runs import Pytest


def must_be_mended(ended: Ended, *drills: str) -> None:
    """Each drill was mended by its own process, judged, and told of."""
    for name in drills:
        assert ended.events(name).count(Event.FAULT_GONE) == 1
        assert ended.verdict(name)["outcome"] == "INCONCLUSIVE"
        assert "INCONCLUSIVE" in ended.row(name.replace("_", " "))
        result = ended.result(f"test_{name}")
        assert result["status"] != "passed"
        assert result["historyId"]
    for journal in ended.run.glob("journal*.jsonl"):
        assert notes(journal)[-1] is Note.RUN_CLOSED
        assert Note.MENDING_STARTED not in notes(journal)


@pytest.mark.parametrize("one", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_mends_and_reports(tmp_path: Path, one: signal.Signals) -> None:
    with open_pytest(tmp_path, "-k", "test_held or test_stubborn") as running:
        running.await_event("held", Event.FAULT_TOOK_EFFECT)
        running.process.send_signal(one)
        ended = running.ended()

    assert ended.code == pytest.ExitCode.INTERRUPTED, ended.printed
    must_be_mended(ended, "held")
    assert f"the drill was interrupted ({one.name})" in ended.verdict("held")["reasons"]
    assert f"{one.name}: mending what is broken" in ended.printed
    assert "a second signal leaves at once" in ended.printed
    assert "Traceback" not in ended.printed
    assert not (ended.run / "stubborn").exists()  # nothing is begun any more


def test_the_second_signal_leaves_at_once_and_the_guardian_mends(tmp_path: Path) -> None:
    with open_pytest(tmp_path, "-k", "test_stubborn") as running:
        running.await_event("stubborn", Event.DRILL_STARTED)
        running.process.send_signal(signal.SIGINT)
        running.await_file("mending")
        running.process.send_signal(signal.SIGINT)
        ended = running.ended()

    assert ended.code == -signal.SIGINT
    await_closed_by_guardian(ended.run)
    assert Note.MENDING_STARTED in notes(ended.run / "journal.jsonl")


def test_the_two_sigterms_of_timeout_are_one(tmp_path: Path) -> None:
    with open_pytest(tmp_path, "-k", "test_held") as running:
        running.await_event("held", Event.FAULT_TOOK_EFFECT)
        running.process.send_signal(signal.SIGTERM)
        os.killpg(running.process.pid, signal.SIGTERM)
        ended = running.ended()

    assert ended.code == pytest.ExitCode.INTERRUPTED, ended.printed
    must_be_mended(ended, "held")


def to_the_controller(running: Pytest) -> None:
    running.process.send_signal(signal.SIGTERM)


def to_the_group(running: Pytest) -> None:
    os.killpg(running.process.pid, signal.SIGINT)


@pytest.mark.parametrize("send", [to_the_controller, to_the_group])
def test_workers_mend_and_hand_in_their_results(tmp_path: Path, send: object) -> None:
    assert callable(send)
    with open_pytest(tmp_path, "-n", "2", "-k", "held or stubborn") as running:
        running.await_event("held", Event.FAULT_TOOK_EFFECT)
        running.await_event("also_held", Event.FAULT_TOOK_EFFECT)
        send(running)
        ended = running.ended()

    assert ended.code == pytest.ExitCode.INTERRUPTED, ended.printed
    must_be_mended(ended, "held", "also_held")
    assert "replacing crashed worker" not in ended.printed
    assert not (ended.run / "stubborn").exists()


def test_a_worker_whose_controller_died_mends(tmp_path: Path) -> None:
    with open_pytest(tmp_path, "-n", "1", "-k", "test_held") as running:
        running.await_event("held", Event.FAULT_TOOK_EFFECT)
        running.process.kill()
        ended = running.ended()  # its pipes are the worker's as well

    assert ended.events("held").count(Event.FAULT_GONE) == 1
    assert "the drill was interrupted (SIGINT)" in ended.verdict("held")["reasons"]
    assert notes(ended.run / "journal-gw0.jsonl")[-1] is Note.RUN_CLOSED
    assert Note.MENDING_STARTED not in notes(ended.run / "journal-gw0.jsonl")


def test_two_signals_end_the_workers_too(tmp_path: Path) -> None:
    with open_pytest(tmp_path, "-n", "1", "-k", "test_stubborn") as running:
        running.await_event("stubborn", Event.DRILL_STARTED)
        running.process.send_signal(signal.SIGTERM)
        running.await_file("mending")
        running.process.send_signal(signal.SIGINT)
        ended = running.ended()

    assert ended.code == -signal.SIGINT
    await_closed_by_guardian(ended.run)
    assert Note.MENDING_STARTED in notes(ended.run / "journal-gw0.jsonl")


def test_the_test_that_a_worker_has_in_hand_is_not_begun(
    request: pytest.FixtureRequest,
) -> None:
    signals = Signals(terminal=None, absorb=lambda _, __: True)
    signals.interrupted_by = "SIGTERM"
    with pytest.raises(pytest.skip.Exception, match=r"not begun: interrupted \(SIGTERM\)"):
        next(DrillEnds(signals).pytest_runtest_setup(request.node))


def test_a_terminal_that_hangs_up_leaves_nobody_to_write_to(tmp_path: Path) -> None:
    write(tmp_path)
    words = command(tmp_path, "-k", "test_held")
    process, master = pty.fork()
    if process == 0:
        os.chdir(ROOT)
        os.execv(words[0], words)  # noqa: S606 - no shell is wanted
    timeline = tmp_path / "runs"
    wait_until(
        "the fault to take effect",
        lambda: any(
            Event.FAULT_TOOK_EFFECT in one.read_text()
            for one in timeline.glob("*/held/timeline.jsonl")
        ),
        at_most=SOON,
    )
    os.close(master)
    code = wait_until("pytest to end", lambda: _code_if_ended(process), at_most=SOON)

    assert code == pytest.ExitCode.INTERRUPTED
    ended = Ended(tmp_path, code, "")
    assert ended.verdict("held")["outcome"] == "INCONCLUSIVE"
    assert Event.FAULT_GONE in ended.events("held")
    assert Note.MENDING_STARTED not in notes(ended.run / "journal.jsonl")
    assert notes(ended.run / "journal.jsonl")[-1] is Note.RUN_CLOSED


def _code_if_ended(process: int) -> int | None:
    ended, status = os.waitpid(process, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def test_a_timeout_mends_and_the_session_goes_on(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    with open_pytest(tmp_path, "-k", "test_slow or test_patient") as running:
        ended = running.ended()

    assert ended.code == pytest.ExitCode.TESTS_FAILED
    must_be_mended(ended, "slow", "patient")
    (why, *_) = ended.verdict("slow")["reasons"]
    assert why == "the drill was stopped: Timeout (>2.0s) from pytest-timeout."
    assert "fixtures/waiting.py" not in ended.printed.partition("= FAILURES =")[2]


def test_a_timeout_that_ends_the_process_leaves_it_to_the_guardian(tmp_path: Path) -> None:
    with open_pytest(tmp_path, "-k", "test_stopped") as running:
        ended = running.ended()

    assert ended.code == 1
    await_closed_by_guardian(ended.run)
    assert Note.MENDING_STARTED in notes(ended.run / "journal.jsonl")
