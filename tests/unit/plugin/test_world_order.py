"""Tests of equal worlds follow each other, and a mark that says nothing is a sentence."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fixtures.run import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import pytest
from environments.catalog import Settings

BACKUPS = pytest.mark.settings(Settings(backups=True))

def test_usual(environment): ...
@BACKUPS
def test_backups(environment): ...
def test_none(): ...
class TestOthers:
    pytestmark = BACKUPS
    def test_backups_again(self, drill): ...
    @pytest.mark.settings(Settings(bounded=True))
    def test_disk(self, replica): ...
def test_usual_again(load): ...
@BACKUPS
def test_backups_for_whoever_asks_later(): ...
"""


def collect(folder: Path, tests: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text('pytest_plugins = ["fixtures.plugin"]')
    (folder / "test_tests.py").write_text(tests)
    return subprocess.run(
        [
            sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"),
            "--rootdir", str(folder), "--confcutdir", str(folder), str(folder),
            "-p", "no:cacheprovider", "--collect-only", "-q", "-m", "not dr",
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def names(collected: str) -> list[str]:
    return [line.rpartition("::")[2] for line in collected.splitlines() if "::" in line]


def test_a_world_is_started_once_for_all_that_can_share_it(tmp_path: Path) -> None:
    plain = "def test_of_another_file(environment): ..."
    (tmp_path / "test_later.py").write_text(plain)
    assert names(collect(tmp_path, TESTS).stdout) == [
        "test_none",
        "test_of_another_file",
        "test_usual",
        "test_usual_again",
        "test_backups",
        "test_backups_again",
        "test_backups_for_whoever_asks_later",
        "test_disk",
    ]


@pytest.mark.parametrize("said", ["backups=True", "", "'backups'", "Settings(), Settings()"])
def test_a_mark_that_says_nothing_is_a_sentence(tmp_path: Path, said: str) -> None:
    tests = TESTS.replace("settings(Settings(bounded=True))", f"settings({said})")
    done = collect(tmp_path, tests)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stderr.strip() == (
        "ERROR: test_tests.py::TestOthers::test_disk: the mark 'settings' takes one Settings "
        "and nothing else; write @pytest.mark.settings(Settings(backups=True))"
    )
