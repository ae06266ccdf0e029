"""Print what it costs to be guarded, and how fast a killed run is mended.

``python -m tests.bench.guarding``, from the project's root. The aims on two cores: a whole
world within 5 s of SIGKILL, 20 ms of journal for a fault, a second for guardian and audit
in a run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

from environments.catalog import Settings
from environments.model import WorldError
from environments.replica.engine import ensure_engine
from environments.replica.image_builder import build_images
from fixtures.faults import Fault, Kill, Partition
from fixtures.guarded import journal_path, open_guarded_run
from fixtures.identity import Identity
from fixtures.run import ROOT, Run, new_run_id
from fixtures.waiting import wait_until
from fixtures.worlds import Worlds
from reports.journal import read_journal, what_is_left

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from environments.model import Environment
    from fixtures.guarded import GuardedRun
    from reports.journal import Left

RUNNER = "--runner"
BROKEN = "broken"
BY_GUARDIAN, BY_HEAL = 3, 2
JOURNALLED = 200  # faults
AUDITS = 5
MENDED_WITHIN = timedelta(seconds=90)
FAULTS: tuple[Fault, ...] = (Kill("east-app-2"), Partition("db:primary", "*"))


def main() -> None:
    ensure_engine(_print)
    build_images(None, _print)
    _time_guarding()
    for _ in range(BY_GUARDIAN):
        _print(f"SIGKILL amid two faults to a whole world, by the guardian: {_mended():.1f} s")
    for _ in range(BY_HEAL):
        _print(f"the same, by heal, the guardian killed too: {_healed():.1f} s")


def _time_guarding() -> None:
    """Time what every run pays, and the audits of a whole world."""
    run = _new_run()
    began = monotonic()
    with _guarded_world(run) as (guarded, opened_at, environment):
        _print(f"guardian and journal, at a run's start: {opened_at - began:.2f} s")
        _time_journal(guarded, environment)
        _time_audit("all", environment.traces)
        _time_audit("one node's", lambda: environment.traces({"east-app-1"}))
        removed_from = monotonic()
    _print(f"world removed and audited, at its end: {monotonic() - removed_from:.2f} s")
    _time_without_a_world()
    shutil.rmtree(run.folder)


def _time_without_a_world() -> None:
    """Time what guarding alone costs a run: nothing is started, and all is audited."""
    run = _new_run()
    began = monotonic()
    with open_guarded_run(run, environment="replica") as guarded:
        guarded.world_planned(f"{run.label}-1")
        guarded.world_removed(f"{run.label}-1")
    _print(f"guardian and the session's audit, for a run: {monotonic() - began:.2f} s")
    shutil.rmtree(run.folder)


def _time_journal(guarded: GuardedRun, environment: Environment) -> None:
    fault = FAULTS[-1].plan(environment)
    taken = []
    for number in range(JOURNALLED):
        began = monotonic()
        guarded.fault_planned(f"bench/{number}", fault, environment)
        guarded.fault_gone(f"bench/{number}")
        taken.append((monotonic() - began) * 1000)
    _print(
        f"journal of a fault, planned and gone: median {median(taken):.2f} ms, "
        f"longest {max(taken):.1f} ms"
    )


def _time_audit(what: str, audit: Callable[[], object]) -> None:
    taken = []
    for _ in range(AUDITS):
        began = monotonic()
        audit()
        taken.append(monotonic() - began)
    _print(f"traces, {what}: median {median(taken):.2f} s, longest {max(taken):.2f} s")


def _mended() -> float:
    """Give the seconds from the runner's SIGKILL until its guardian has closed the journal."""
    with _broken_run() as (runner, run):
        killed_at = monotonic()
        runner.kill()
        _wait_until_closed(run)
        return monotonic() - killed_at


def _healed() -> float:
    """Give the seconds from SIGKILL until heal, called at once, has closed the journal."""
    with _broken_run() as (runner, run):
        guardian = Identity.parse(_left(run).guardian or "")
        assert guardian is not None
        os.kill(guardian.pid, signal.SIGKILL)
        killed_at = monotonic()
        runner.kill()
        heal = [sys.executable, "-m", "fixtures.heal"]
        subprocess.run(heal, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        _wait_until_closed(run)
        return monotonic() - killed_at


@contextmanager
def _broken_run() -> Iterator[tuple[subprocess.Popen[str], Run]]:
    """Have another process break a world of its own; it stays broken until that is killed."""
    run = _new_run()
    command = [sys.executable, "-m", "tests.bench.guarding", RUNNER, run.id]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as runner:
        said = runner.stdout.readline() if runner.stdout else ""
        if said.strip() != BROKEN:
            raise WorldError(f"nothing was broken to be mended: {said}")
        yield runner, run
    shutil.rmtree(run.folder)


def _break(run: Run) -> None:
    """Be the runner that is killed: break a world and wait."""
    with _guarded_world(run) as (guarded, _, environment):
        for number, fault in enumerate(FAULTS):
            planned = fault.plan(environment)
            guarded.fault_planned(f"bench/{number}", planned, environment)
            planned.inject(environment)
            wait_until(
                f"{planned} to take effect",
                partial(planned.has_taken_effect, environment),
                at_most=timedelta(seconds=30),
            )
        _print(BROKEN)
        sys.stdin.read()


@contextmanager
def _guarded_world(run: Run) -> Iterator[tuple[GuardedRun, float, Environment]]:
    """Give a guarded run, the moment at which it was opened, and its world."""
    with open_guarded_run(run, environment="replica") as guarded:
        opened_at = monotonic()
        with Worlds("replica", run=run.label, say=_ignore, guarded=guarded) as worlds:
            yield guarded, opened_at, worlds.get(Settings())


def _wait_until_closed(run: Run) -> None:
    wait_until("the journal to be closed", lambda: _left(run).is_closed, at_most=MENDED_WITHIN)


def _left(run: Run) -> Left:
    left = what_is_left(read_journal(journal_path(run)))
    assert left is not None
    return left


def _new_run() -> Run:
    return Run(new_run_id(), 1, tuple(sys.argv))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _ignore(_: str) -> None:
    """Progress is of no interest between figures."""


if __name__ == "__main__":
    match sys.argv[1:]:
        case [word, run_id] if word == RUNNER:
            _break(Run(run_id, 1, tuple(sys.argv)))
        case _:
            main()
