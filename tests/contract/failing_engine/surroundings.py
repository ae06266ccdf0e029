"""What drills whose engine fails have about them: they tell it when to fail, and how.

A plugin and no conftest.py, which the suite's own pytest would load as well.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fixtures.run
from environments.replica.containers import connect
from environments.replica.world import NODE_LABEL, WORLD_LABEL
from tests.contract.engine_proxy import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.drill import Drill

fixtures.run.RUNS = Path(os.environ["MUSTER_TEST_RUNS"])
REAL_ENGINE = {"DOCKER_HOST": os.environ["MUSTER_TEST_ENGINE"]}


@pytest.fixture
def engine_is() -> Callable[[str], None]:
    """Tell the proxy how the engine behaves from now on."""
    return lambda order: tell(Path(os.environ["MUSTER_TEST_ORDERS"]), order)


class Somebody:
    """Somebody else at the same engine, whom no proxy stops."""

    def __init__(self, world: str) -> None:
        self._world = world

    def removes(self, node: str) -> None:
        self._with_each(node, lambda engine, one: engine.remove_container(one, force=True))

    def kills_all(self) -> None:
        self._with_each("", lambda engine, one: engine.kill(one))

    def _with_each(self, node: str, do: object) -> None:
        assert callable(do)
        wanted = {"label": [f"{WORLD_LABEL}={self._world}"]}
        with closing(connect(REAL_ENGINE)) as engine:
            for container in engine.containers(filters=wanted):
                if node in {"", container["Labels"].get(NODE_LABEL)}:
                    do(engine, container["Id"])


@pytest.fixture
def somebody(drill: Drill) -> Somebody:
    return Somebody(drill.environment.id)


@pytest.fixture
def drill(drill: Drill) -> Drill:
    drill.settle_seconds = 1.0
    drill.runbooks = Path(__file__).parent
    return drill
