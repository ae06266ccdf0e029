"""We believe that an engine which fails in mid-drill ends the drill, and breaks nothing else.

Real drills on a real replica, in a pytest of their own whose engine is behind a proxy. Each
fails in its own way at a moment that the drill chooses; each must be INCONCLUSIVE for one
reason, say so in a sentence, and leave nothing behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from environments.replica.containers import connect
from environments.replica.engine_address import docker_environment
from environments.replica.removing import found_worlds, remove_world
from fixtures.heal import mend_dead_runs
from fixtures.run import ROOT
from fixtures.waiting import wait_until
from reports.journal import Note, read_journal
from reports.timeline import Event, read_timeline
from tests.contract.engine_proxy import EngineProxy, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

pytestmark = pytest.mark.contract

UNIX = "unix://"
SURROUNDINGS = "tests.contract.failing_engine.surroundings"
FOLDER = Path(__file__).with_name("failing_engine")
# Several times what it takes on two idle cores, and less than any of the waits that a
# failure used to run into: 60 s for a final read, 90 s for a steady state.
DRILL_SECONDS = 50.0
RUN_SECONDS = 400.0
GUARDIAN_ENDS_WITHIN = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Ended:
    """A run of drills whose pytest has ended."""

    exit_code: int
    output: str
    folder: Path

    def notes(self) -> list[Note]:
        return [entry.event for entry in read_journal(self.folder / "journal.jsonl")]

    def is_closed(self) -> bool:
        return self.notes()[-1] is Note.RUN_CLOSED


@dataclass(frozen=True, slots=True)
class Bench:
    """Where drills run: a folder of runs, and an engine that can fail."""

    runs: Path
    proxy: EngineProxy
    engine: Mapping[str, str]  # the real one

    def drill(self, file: str, *selected: str) -> Ended:
        """Run the drills of one file, to their end or for RUN_SECONDS."""
        done = subprocess.run(
            [
                sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"),
                "--rootdir", str(FOLDER), "--confcutdir", str(FOLDER), str(FOLDER / file),
                "-p", "no:cacheprovider", "-p", "fixtures.plugin", "-p", SURROUNDINGS,
                *selected,
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DOCKER_HOST": self.proxy.url,
                "MUSTER_TEST_ORDERS": str(self.proxy.orders),
                "MUSTER_TEST_ENGINE": self.engine["DOCKER_HOST"],
                "MUSTER_TEST_RUNS": str(self.runs),
            },
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )  # fmt: skip
        (folder,) = (path.parent for path in self.runs.glob("*/run.json"))
        return Ended(done.returncode, done.stdout + done.stderr, folder)

    def there(self) -> list[str]:
        """Ask the real engine which worlds of these runs there are."""
        labels = [path.name for path in self.runs.iterdir() if path.is_dir()]
        with closing(connect(self.engine)) as real:
            return [
                world.id
                for world in found_worlds(real)
                if any(world.id.startswith(label) for label in labels)
            ]

    def clear(self) -> None:
        """Remove what a test that went wrong has left."""
        with closing(connect(self.engine)) as real:
            for world in self.there():
                remove_world(real, world)


@contextmanager
def open_bench(runs: Path) -> Iterator[Bench]:
    engine = docker_environment()
    if not engine["DOCKER_HOST"].startswith(UNIX):
        pytest.skip(f"the engine is at {engine['DOCKER_HOST']}, which is no local socket")
    runs.mkdir(exist_ok=True)
    # A socket's path must be short, and pytest's folders are not.
    with tempfile.TemporaryDirectory(prefix="muster-") as folder:
        path = engine["DOCKER_HOST"].removeprefix(UNIX)
        with EngineProxy(Path(folder), path).open() as proxy:
            bench = Bench(runs, proxy, engine)
            try:
                yield bench
            finally:
                bench.clear()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path / "runs") as bench:
        yield bench


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Lend a disk of four megabytes."""
    folder = tmp_path / "runs"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "muster-test", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def must_be_inconclusive(ended: Ended, expected: Mapping[str, str]) -> None:
    """See that each of these drills ended so for the one reason that begins with this."""
    for drill, beginning in expected.items():
        verdict = json.loads((ended.folder / drill / "verdict.json").read_text())
        assert verdict["outcome"] == "INCONCLUSIVE", ended.output
        (reason,) = verdict["reasons"]
        assert reason.startswith(beginning), ended.output
        assert f"INCONCLUSIVE: {drill}\n" in ended.output
        entries = read_timeline(ended.folder / drill / "timeline.jsonl")
        seconds = entries[-1].at - entries[0].at
        assert seconds < DRILL_SECONDS, f"{drill}: {seconds:.1f} s"
        assert Event.LOAD_STOPPED in [entry.event for entry in entries]


def must_speak_in_sentences(ended: Ended) -> None:
    assert ended.exit_code == pytest.ExitCode.TESTS_FAILED, ended.output
    for word in ("Traceback", "INTERNALERROR", "Warning"):
        assert word not in ended.output, ended.output


def only_error(ended: Ended) -> str:
    """Find what went wrong beside the drills, which is one thing."""
    told = errors(ended)
    assert len(told) == 1, ended.output
    return told[0]


def errors(ended: Ended) -> Sequence[str]:
    """Find what went wrong beside the drills: each is a line between two headings."""
    _, _, told = ended.output.partition("= ERRORS =")
    lines = told.partition("= FAILURES =")[0].partition("= drills =")[0].splitlines()[1:]
    return [line for line in lines if not line.startswith(("_", "=", "  "))]


@pytest.mark.nightly
def test_an_engine_that_fails_ends_one_drill_at_a_time_and_leaves_nothing(
    bench: Bench,
) -> None:
    ended = bench.drill("drills_with_a_failing_engine.py", "-m", "dr and not nightly")

    must_speak_in_sentences(ended)
    must_be_inconclusive(
        ended,
        {
            "a_command_hangs": "page.md:22: Say something: could not be run on bastion: ",
            "the_engine_is_restarted": "no node runs any more, not even those that no fault",
            "a_bystander_is_removed": "east-app-1 is not there any more: somebody else",
        },
    )
    # The engine has gone again, before the last world was removed.
    error = only_error(ended)
    assert "the engine did not answer" in error
    assert "; by hand: docker rm -f -v $(docker ps -aq --filter label=muster.run=" in error
    wait_until("the guardian to close", ended.is_closed, at_most=GUARDIAN_ENDS_WITHIN)
    assert bench.there() == []


@pytest.mark.nightly
def test_each_other_way_in_which_the_engine_fails(bench: Bench) -> None:
    ended = bench.drill("drills_with_a_failing_engine.py", "-m", "dr and nightly")

    must_speak_in_sentences(ended)
    lost = "page.md:22: Say something: could not be run on bastion: bastion could not run"
    must_be_inconclusive(
        ended,
        {
            "a_command_is_never_answered": lost,
            "the_engine_fails_for_a_while-away": lost,
            "the_engine_fails_for_a_while-silent": lost,
            "the_target_is_removed": "east-app-2 is not there any more: somebody else",
        },
    )
    assert "replica-2" not in ended.output
    assert errors(ended) == []
    assert ended.is_closed()
    assert bench.there() == []


def test_an_engine_that_is_away_at_the_beginning_is_one_sentence(bench: Bench) -> None:
    bench.proxy.be(Mode.AWAY)

    ended = bench.drill("drills_with_a_full_disk.py", "-m", "dr")

    must_speak_in_sentences(ended)
    error = only_error(ended)
    assert error.startswith("no engine answers at unix://")
    assert "start that one" in error
    assert "INCONCLUSIVE: the_disk_is_full\n" in ended.output
    assert ended.is_closed()


@pytest.mark.nightly
def test_a_disk_that_is_full_leaves_nothing_broken(small_disk: Path) -> None:
    with open_bench(small_disk) as bench:
        ended = bench.drill("drills_with_a_full_disk.py", "-m", "dr")

        must_speak_in_sentences(ended)
        assert "left broken: []" in ended.output, ended.output
        _, _, reasons = ended.output.partition("INCONCLUSIVE: the_disk_is_full\n")
        reason = " ".join(reasons.partition("evidence: ")[0].split())
        assert reason.count("the timeline cannot be written (No space left on device)") == 1
        assert reason.endswith("or make it writable, and run the drill again")
        assert reason.count(" - ") == 0
        error = only_error(ended)
        assert "the journal cannot be written (No space left on device)" in error
        assert bench.there() == []

        (small_disk / "filler").unlink()
        mend_dead_runs(small_disk, lambda _: None)
        assert ended.is_closed()
