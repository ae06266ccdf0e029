"""We believe that imports run one way only, and that each tool is known in one place.

scenarios → fixtures → {environments, reports}, and the last two never meet. The images'
own code runs elsewhere and is not ours to import.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
IMAGES = Path("environments/replica/images")

# package -> what it may import of ours
ARROWS = {
    "environments": {"environments"},
    "reports": {"reports"},
    "fixtures": {"fixtures", "environments", "reports"},
    "scenarios": {"scenarios", "fixtures", "environments", "reports"},
    "tests": {"tests", "scenarios", "fixtures", "environments", "reports"},
}

# module -> the only places that may import it
KEPT = {
    "docker": ("environments/", "tests/"),
    "testcontainers": ("environments/", "tests/"),
    "toxiproxy": ("environments/", "tests/"),
    "locust": ("fixtures/load/customers.py",),
    "allure": ("reports/evidence.py",),
    "allure_commons": ("reports/evidence.py",),
}
WHERE_SLEEP_IS = "fixtures/waiting.py"


@dataclass(frozen=True, slots=True)
class Use:
    """A module, or a name of one, that a line brings in."""

    file: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} uses {self.name}"


def uses(file: str, source: str) -> Iterator[Use]:
    """Find everything imported, with names in full, and every ``time.sleep``."""
    for node in ast.walk(ast.parse(source, file)):
        match node:
            case ast.Import(names=names):
                yield from (Use(file, node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(names=names):
                module = _absolute(file, node)
                yield from (Use(file, node.lineno, f"{module}.{alias.name}") for alias in names)
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                yield Use(file, node.lineno, "time.sleep")


def _absolute(file: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = Path(file).parts[: -node.level]
    return ".".join((*package, *([node.module] if node.module else [])))


def breaks_a_rule(use: Use) -> bool:
    here, top = Path(use.file).parts[0], use.name.split(".")[0]
    if top in ARROWS:
        return top not in ARROWS.get(here, ARROWS["tests"] - {"tests"})
    if top in KEPT:
        return not use.file.startswith(KEPT[top])
    return use.name == "time.sleep" and use.file != WHERE_SLEEP_IS


def our_files() -> list[Path]:
    files = [path for package in ARROWS for path in (ROOT / package).rglob("*.py")]
    relative = [path.relative_to(ROOT) for path in files]
    return [Path("conftest.py"), *(path for path in relative if IMAGES not in path.parents)]


def test_every_import_follows_the_arrows() -> None:
    found = [
        str(use)
        for path in our_files()
        for use in uses(str(path), (ROOT / path).read_text(encoding="utf-8"))
        if breaks_a_rule(use)
    ]
    assert found == []


def test_there_is_something_to_hold() -> None:
    packages = {path.parts[0] for path in our_files() if path.name != "__init__.py"}
    assert packages == {*ARROWS, "conftest.py"}


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("environments/model.py", "import reports.ledger"),
        ("environments/selectors.py", "from fixtures.waiting import wait_until"),
        ("environments/replica/replica.py", "from ...reports import timeline"),
        ("reports/recovery.py", "def f():\n    from environments import model"),
        ("reports/recovery.py", "from fixtures import waiting"),
        ("fixtures/drill.py", "import scenarios.test_primary_killed"),
        ("fixtures/drill.py", "from tests.fakes.world import FakeEnvironment"),
        ("conftest.py", "import tests.fakes.world"),
        ("fixtures/faults/kill.py", "import docker"),
        ("reports/evidence.py", "from docker.errors import NotFound"),
        ("scenarios/test_it.py", "from testcontainers.core import container"),
        ("fixtures/faults/slow.py", "import toxiproxy as t"),
        ("fixtures/load/process.py", "import locust"),
        ("tests/unit/load/test_customers.py", "from locust import FastHttpUser"),
        ("fixtures/plugin.py", "import allure"),
        ("fixtures/plugin.py", "if TYPE_CHECKING:\n    from allure_commons.model2 import Link"),
        ("fixtures/drill.py", "import time\n\ntime.sleep(1)"),
        ("tests/unit/test_it.py", "from time import sleep"),
    ],
)
def test_an_import_against_the_arrows_is_seen(file: str, source: str) -> None:
    assert [use for use in uses(file, source) if breaks_a_rule(use)]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("environments/replica/replica.py", "import docker\nfrom environments import model"),
        ("environments/replica/nodes.py", "from . import sidecar\nfrom ..model import Cut"),
        ("fixtures/drill.py", "from environments.model import Node\nimport reports.ledger"),
        ("fixtures/load/customers.py", "from locust import FastHttpUser"),
        ("fixtures/waiting.py", "import time\n\ntime.sleep(1)"),
        ("reports/evidence.py", "import allure"),
        ("scenarios/test_it.py", "from fixtures.faults import Kill"),
        ("tests/unit/test_it.py", "import time\nfrom tests.fakes import world"),
        ("conftest.py", "import fixtures.plugin"),
    ],
)
def test_an_import_along_the_arrows_is_fine(file: str, source: str) -> None:
    assert [use for use in uses(file, source) if breaks_a_rule(use)] == []
