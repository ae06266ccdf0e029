"""Real programs for the package to start: shell scripts that play pgbackrest and psql."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.backups.parts import Programs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    programs = Programs(tmp_path / "bin")
    programs.write("setpriv", 'while [ "${1#--}" != "$1" ]; do shift; done; exec "$@"')
    monkeypatch.setenv("PATH", f"{programs.folder}{os.pathsep}{os.environ['PATH']}")
    return programs
