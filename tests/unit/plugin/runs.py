"""A real pytest of its own, on a world in memory, that tests can signal and kill."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fixtures.run import ROOT
from fixtures.waiting import wait_until
from reports.journal import Note, read_journal
from reports.timeline import Event, read_timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SOON = timedelta(seconds=60)  # generous: the machine may be busy with other tests
CONFTEST = """
import sys
from pathlib import Path

import pytest

import fixtures.run
from tests.fakes.world import FakeEnvironment
from tests.unit.load.shop import open_shop

pytest_plugins = ["fixtures.plugin"]
fixtures.run.RUNS = Path(__file__).parent / "runs"


@pytest.fixture
def environment():
    world = FakeEnvironment()
    with open_shop() as shop:
        world.entrance = shop.entrance
        yield world
        sys.stderr.write(f"the world is left with {world.deviations()}\\n")


@pytest.fixture
def drill(drill):
    drill.settle_seconds = 1.0
    return drill
"""

# Drills that need no load: what is judged of them is how they end.
SCENARIOS = """
import os
import resource
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from environments.model import WorldError
from fixtures.faults import Kill
from fixtures.waiting import wait_until

pytestmark = [pytest.mark.dr, pytest.mark.requirement("R-1")]
HERE = Path(__file__).parent
FOR_LONG = timedelta(seconds=120)


def wait_for(name):
    wait_until(name, (HERE / name).exists, at_most=FOR_LONG)


def test_held(inject):
    '''The fault is held until somebody ends it.'''
    with inject(Kill("payments")):
        wait_for("never")


def test_also_held(inject):
    with inject(Kill("east-app-1")):
        wait_for("never")


def test_stubborn(drill):
    try:
        wait_for("never")
    finally:
        (HERE / "mending").touch()
        wait_for("never")


def test_idle(drill):
    '''Nothing is broken, so that nothing is to be mended when it is killed.'''
    (HERE / "idle").write_text(str(os.getpid()))
    wait_for("never")


def test_patient(inject):
    '''It goes on when the other one is lost.'''
    with inject(Kill("payments")):
        (HERE / "patient").touch()
        wait_for("go")


def test_early():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.timeout(2, method="signal")
def test_slow(inject):
    with inject(Kill("payments")):
        wait_for("never")


@pytest.mark.timeout(2, method="thread")
def test_stopped(drill):
    wait_for("never")


def test_full_disk(inject):
    with inject(Kill("payments")):
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))


@pytest.fixture(scope="session")
def leftover():
    yield
    raise WorldError("the run has left something behind: a container")


def test_leaves(leftover):
    pass
"""


@dataclass(frozen=True)
class Ended:
    folder: Path
    code: int
    printed: str

    @property
    def run(self) -> Path:
        (run,) = (self.folder / "runs").iterdir()
        return run

    def row(self, name: str) -> str:
        (row,) = [
            line
            for line in self.printed.splitlines()
            if line.startswith(name) and ("  " in line)
        ]
        return row

    def result(self, function: str) -> dict[str, Any]:
        """Read the one Allure result of a test."""
        results = (self.run / "allure-results").glob("*-result.json")
        every = [json.loads(path.read_text("utf-8")) for path in results]
        (mine,) = [one for one in every if one["fullName"].endswith(f"#{function}")]
        return dict(mine)

    def verdict(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.run / name / "verdict.json").read_text("utf-8")))

    def events(self, name: str) -> Sequence[Event]:
        return [one.event for one in read_timeline(self.run / name / "timeline.jsonl")]


@dataclass
class Pytest:
    """A pytest that runs."""

    folder: Path
    process: subprocess.Popen[str]

    def await_file(self, name: str) -> Path:
        path = self.folder / name
        wait_until(name, lambda: path.exists() or self._ended(), at_most=SOON)
        assert path.exists(), self.process.communicate()
        return path

    def await_event(self, drill: str, event: Event) -> None:
        def seen() -> bool:
            timelines = list((self.folder / "runs").glob(f"*/{drill}/timeline.jsonl"))
            return any(
                entry.event is event for one in timelines for entry in read_timeline(one)
            )

        wait_until(f"{event} of {drill}", lambda: seen() or self._ended(), at_most=SOON)
        assert seen(), self.process.communicate()

    def ended(self) -> Ended:
        out, err = self.process.communicate(timeout=SOON.total_seconds())
        return Ended(self.folder, self.process.returncode, out + err)

    def _ended(self) -> bool:
        return self.process.poll() is not None


def command(folder: Path, *arguments: str) -> list[str]:
    return [
        sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"),
        "--rootdir", str(folder), "--confcutdir", str(folder), str(folder),
        "-p", "no:cacheprovider", "--seed", "7", "-m", "dr", *arguments,
    ]  # fmt: skip


def write(folder: Path) -> None:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_scenarios.py").write_text(SCENARIOS)


@contextmanager
def open_pytest(folder: Path, *arguments: str) -> Iterator[Pytest]:
    """Start it in a process group of its own; it does not outlive the test."""
    write(folder)
    process = subprocess.Popen(
        command(folder, *arguments),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
    )  # fmt: skip
    try:
        yield Pytest(folder, process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def notes(journal: Path) -> Sequence[Note]:
    return [entry.event for entry in read_journal(journal)]


def await_closed_by_guardian(run: Path) -> None:
    """Wait until the guardian has said that nothing of a dead run is left."""
    for journal in run.glob("journal*.jsonl"):
        wait_until(
            "the guardian to close the journal",
            lambda path=journal: notes(path)[-1] is Note.RUN_CLOSED,  # type: ignore[misc]  # each its own
            at_most=SOON,
        )
