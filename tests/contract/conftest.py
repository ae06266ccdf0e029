"""The worlds that keep the contract of an environment: the fake, and the real replica."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Completed, Environment
from fixtures.waiting import wait_until
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MENDED_WITHIN = timedelta(seconds=60)
LOCAL_SECONDS = 0.5


def run_here(command: Sequence[str], variables: Mapping[str, str]) -> Completed:
    """Lend the fake this machine's shell; what runs for long is said to run for ever."""
    try:
        done = subprocess.run(
            list(command),
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=LOCAL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Completed(-9, "", "", float("inf"))
    return Completed(done.returncode, done.stdout, done.stderr, 0.0)


THE_REPLICA = [pytest.mark.contract, pytest.mark.settings(Settings())]


@pytest.fixture(params=["fake", pytest.param("replica", marks=THE_REPLICA)])
def world(request: pytest.FixtureRequest) -> Iterator[Environment]:
    """Lend a whole world; a test leaves it as whole as it found it."""
    environment: Environment = (
        FakeEnvironment(on_run=run_here)
        if request.param == "fake"
        else request.getfixturevalue("replica")
    )
    yield environment
    wait_until(
        "the world to be whole after the test",
        lambda: not environment.deviations(),
        at_most=MENDED_WITHIN,
        why_not=lambda _: "; ".join(environment.deviations()),
    )
