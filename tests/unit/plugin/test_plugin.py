"""Inside pytest, every drill ends in a row and every mistake in a sentence.

A real pytest of its own runs small scenarios on a world in memory and a small real shop.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fixtures.run import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CONFTEST = """
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


@pytest.fixture
def drill(drill):
    drill.settle_seconds = 1.0
    return drill
"""

SCENARIOS = """
import os
import signal
from datetime import timedelta

import pytest

from fixtures.faults import Kill
from reports.verdict import Objectives

pytestmark = pytest.mark.dr
WATCH = timedelta(seconds=5)


def test_good(load, inject, recovery):
    with load.orders(users=5, attempts_per_second=50), inject(Kill("payments")):
        recovery.wait(at_most=WATCH)
    recovery.must_meet(Objectives(rto_seconds=5, rpo_seconds=0))


def test_forgetful(load, inject, recovery):
    with load.orders(users=5, attempts_per_second=50), inject(Kill("payments")):
        recovery.wait(at_most=WATCH)


def test_deadly():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.requirement("R-1", "R-2")
def test_proof():
    '''A proof that needs no drill.'''


@pytest.mark.scaling
def test_growth():
    pass


def test_misspelt(load, inject, recovery):
    with load.orders(users=5, attempts_per_second=50), inject(Kill("paymets")):
        recovery.wait(at_most=WATCH)
    recovery.must_meet(Objectives(rto_seconds=5, rpo_seconds=0))
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_scenarios.py").write_text(SCENARIOS)
    return subprocess.run(
        [
            sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"),
            "--rootdir", str(folder), "--confcutdir", str(folder), str(folder),
            "-p", "no:cacheprovider", "--seed", "7", *arguments,
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "with workers"])
def test_every_drill_has_a_row_and_no_mistake_a_traceback(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    done = run_pytest(tmp_path, "-m", "dr", "-k", "not deadly", *workers)

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    rows = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert "MET" in rows["good"]
    assert "INCONCLUSIVE" in rows["forgetful"]
    assert "INCONCLUSIVE" in rows["misspelt"]
    assert "never judged its drill" in done.stdout
    assert "paymets" in done.stdout
    assert "payments" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "fixtures/steps.py" not in done.stdout
    assert len(list((tmp_path / "runs").glob("*/*/verdict.json"))) == 3
    (facts,) = (tmp_path / "runs").glob("*/run.json")
    recorded = json.loads(facts.read_text())
    assert recorded["command_line"][-len(workers) - 2 :] == ["-k", "not deadly", *workers]
    assert recorded["seed"] == 7


def test_a_drill_whose_worker_died_is_inconclusive(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "-m", "dr", "-n", "1", "-k", "deadly")

    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("deadly ")]
    assert "INCONCLUSIVE" in row


def test_a_proof_that_is_no_drill_carries_its_promises_and_has_no_row(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "-m", "dr", "-k", "proof")

    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert "verdict" not in done.stdout
    (result,) = (tmp_path / "runs").glob("*/allure-results/*-result.json")
    labels = [(one["name"], one["value"]) for one in json.loads(result.read_text())["labels"]]
    for kind in ("requirement", "tag"):
        assert {"R-1", "R-2"} <= {value for name, value in labels if name == kind}


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder")
    done = run_pytest(tmp_path, "-m", "dr", "-k", "good")

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (sentence,) = done.stderr.strip().splitlines()
    assert "the run cannot be recorded (Not a directory): free space there" in sentence


def test_no_drill_collected_is_a_failure(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "-m", "dr", "-k", "nothing_like_it")

    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_an_unknown_environment_is_one_sentence(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--environment", "nowhere")

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stderr.strip() == (
        "ERROR: --environment nowhere: no environment goes by that name; known ones: replica"
    )


def test_the_scaling_drills_run_alone_and_are_reported(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "-m", "scaling")

    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    (result,) = (tmp_path / "runs").glob("*/allure-results/*-result.json")
    assert json.loads(result.read_text())["name"] == "test_growth"
