"""What production is said to be is read before anything runs, and refused in a sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fixtures.production import STATED
from fixtures.run import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        (
            None,
            r"ERROR: --production production.toml:1: cannot be read from .*; write the name",
        ),
        (
            "rto = 7\n",
            r"ERROR: --production production.toml:1: there is no database_gigabytes;",
        ),
    ],
)
def test_a_bad_statement_is_refused_in_a_sentence_before_anything_runs(
    tmp_path: Path, stated: str | None, sentence: str
) -> None:
    statement = tmp_path / "production.toml"
    if stated is not None:
        statement.write_text(stated)
    done = run_pytest(tmp_path, "--production", str(statement))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert re.search(sentence, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr


def test_a_good_statement_reaches_the_scenario(tmp_path: Path) -> None:
    statement = tmp_path / "production.toml"
    statement.write_text(STATED.read_text().replace("= 500", "= 700"))
    (tmp_path / "test_stated.py").write_text(
        "def test_it(production): assert production.database_gigabytes == 700\n"
    )
    done = run_pytest(tmp_path, "--production", str(statement))
    assert done.returncode == pytest.ExitCode.OK, done.stdout


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = [
        sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-q",
        "--rootdir", str(folder), "--confcutdir", str(folder), "-p", "fixtures.plugin",
        "-p", "no:cacheprovider", str(folder), *arguments,
    ]  # fmt: skip
    return subprocess.run(
        words, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
