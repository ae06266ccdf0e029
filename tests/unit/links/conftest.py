"""The server under test: the bundled one, or the one that MUSTER_TOXIPROXY_API names.

All tests here that take ``api`` rely on nothing but what the official Toxiproxy 2 does, so
the same tests show that the stand-in and the original agree.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.waiting import wait_until
from tests.unit.links.wires import Api, Echo, Wires

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = Path(__file__).parents[3] / "environments/replica/images/links"
_NUMBERS = itertools.count(1)


class Process:
    """The bundled server as a process of its own, on a free port."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "links.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-B", "-m", "links", "--host", "127.0.0.1", "--port", "0"],
                cwd=IMAGE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        lines = wait_until(
            "the links server to say its port",
            self.lines,
            at_most=timedelta(seconds=10),
            why_not=lambda _: self.log.read_text(),
        )
        self.api = Api("127.0.0.1", int(str(lines[0]["port"])))

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)


@pytest.fixture
def own_process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    yield process
    process.close()


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    given = os.environ.get("MUSTER_TOXIPROXY_API")
    if given:
        host, _, port = given.rpartition(":")
        yield Api(host, int(port))
        return
    process = Process(tmp_path_factory.mktemp("links"))
    yield process.api
    process.close()
    assert "Traceback" not in process.log.read_text()


@pytest.fixture
def name() -> str:
    """Give a proxy's name that no other test and no other run uses."""
    return f"test-{os.getpid()}-{next(_NUMBERS)}"


@pytest.fixture
def wires(api: Api, name: str) -> Iterator[Wires]:
    wires = Wires(api, name)
    yield wires
    wires.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.close()
