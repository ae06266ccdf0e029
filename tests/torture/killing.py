"""Start a drill as a user would, end its runner with SIGKILL, and wait until it is mended."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from fixtures.identity import Identity, Life, life_of
from fixtures.run import ROOT, RUNS
from fixtures.waiting import WaitedTooLongError, wait_until
from tests.torture.oracle import processes_with
from tests.torture.record import RunFiles, run_of

if TYPE_CHECKING:
    from collections.abc import Callable

MENDED_WITHIN = timedelta(seconds=90)  # the removal's own bound is 60 s
HEALED_WITHIN_SECONDS = 120.0
# Customers finish what they had begun, once they hear that their runner has died.
PROCESSES_END_WITHIN = timedelta(seconds=15)
OFTEN = timedelta(milliseconds=20)
MARK = "MUSTER_TORTURE_MARK"  # every process that descends from the drill inherits it
OF_ANOTHERS_WORLD = "heal: NOT MENDED: left alone, for nobody here can tell"


class NotWholeError(Exception):
    """Something was not as it must be after a kill; the message says all of it."""


@dataclass
class DrillProcess:
    """One drill that runs in a process and a session of its own."""

    process: subprocess.Popen[bytes]
    output: Path
    mark: str
    known: frozenset[str]  # runs that were there before
    started_at: float = field(default_factory=monotonic)
    run: RunFiles | None = None

    @property
    def identity(self) -> str:
        """Its number and start, as they end the label of what it makes."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2]
        return f"{self.process.pid}/{stat.split()[19]}"

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def find_run(self) -> RunFiles | None:
        """Find the run's folder as soon as its journal is there."""
        if self.run is None:
            self.run = run_of(self.process.pid, RUNS, self.known)
        return self.run

    def last_words(self, count: int = 15) -> str:
        lines = self.output.read_text(errors="replace").splitlines()
        return "\n".join((f"{self.output}:", *lines[-count:]))


def start_drill(drill: str, output: Path) -> DrillProcess:
    known = frozenset(path.name for path in RUNS.glob("*"))
    mark = secrets.token_hex(8)
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-m", "dr", "-k", drill, "scenarios"],
            cwd=ROOT,
            env={**os.environ, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return DrillProcess(process, output, mark, known)


def wait_until_moment(
    drill: DrillProcess, moment: float, meanwhile: Callable[[], None]
) -> bool:
    """Wait for the moment, calling ``meanwhile`` often; False if the drill ended before it."""

    def is_time() -> bool:
        meanwhile()
        return drill.has_ended or monotonic() >= moment

    left = timedelta(seconds=max(0.0, moment - monotonic()) + 60)
    wait_until("the moment of the kill", is_time, at_most=left, every=OFTEN)
    return not drill.has_ended


def kill_runner(drill: DrillProcess) -> float:
    """End the runner, and give the moment (seconds of CLOCK_MONOTONIC)."""
    killed_at = monotonic()
    drill.process.kill()
    drill.process.wait()
    drill.find_run()
    return killed_at


def kill_guardian(run: RunFiles, at: float) -> bool:
    """End the run's guardian at that moment; False where there was none, or it had ended."""
    guardian = Identity.parse(run.guardian() or "")
    wait_until(
        "the moment of the guardian's kill",
        lambda: monotonic() >= at,
        at_most=timedelta(seconds=10),
        every=OFTEN,
    )
    if guardian is None or life_of(guardian) is not Life.ALIVE:
        return False
    with suppress(ProcessLookupError):  # it has ended just now
        os.kill(guardian.pid, signal.SIGKILL)
    return True


def wait_until_closed(run: RunFiles) -> None:
    """Wait until the run's journal says that nothing is left to do.

    Raises:
        NotWholeError: it does not, in time.
    """
    try:
        wait_until(
            "its journal to be closed", run.is_closed, at_most=MENDED_WITHIN, every=OFTEN
        )
    except WaitedTooLongError as error:
        raise NotWholeError(str(error)) from error


def heal() -> str:
    """Run heal as a user would, and give what it said.

    Raises:
        NotWholeError: it could not mend something that the torture broke.
    """
    done = subprocess.run(
        [sys.executable, "-m", "fixtures.heal"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HEALED_WITHIN_SECONDS,
        check=False,
    )
    complaints = done.stderr.splitlines()
    # A world without an owner may be on the engine: it is not for heal to touch, and it
    # says so by its exit code. Anything else that it says there is about dead runs.
    excused = bool(complaints) and all(one.startswith(OF_ANOTHERS_WORLD) for one in complaints)
    if done.returncode != 0 and not excused:
        raise NotWholeError(f"heal: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def processes_left(drill: DrillProcess) -> list[str]:
    """List what still runs of the drill after the time in which its customers end."""
    texts = [f"{MARK}={drill.mark}", *([str(drill.run.folder)] if drill.run else [])]
    left: list[str] = []

    def none_is_left() -> bool:
        left[:] = processes_with(texts)
        return not left

    with suppress(WaitedTooLongError):
        wait_until("its processes to end", none_is_left, at_most=PROCESSES_END_WITHIN)
    return left
