"""Drills in the middle of which the disk that their record is on fills up."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import Kill, Partition
from reports.verdict import Objectives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.drill import Drill
    from fixtures.steps import Injector, Loads, RecoveryWatch

pytestmark = pytest.mark.dr


def fill(folder: Path) -> None:
    """Write until nothing more can be written there."""
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


@pytest.fixture
def _what_is_left_is_said(drill: Drill) -> Iterator[None]:
    yield
    with drill.guarded.mending():  # it reads by sidecars, and the disk is still full
        traces = drill.environment.traces(among=drill.touched)
    drill.say(f"left broken: {sorted(map(str, traces))}")


@pytest.mark.usefixtures("_what_is_left_is_said")
def test_the_disk_is_full(load: Loads, inject: Injector, recovery: RecoveryWatch) -> None:
    """The disk of the reports is full while two faults are in force."""
    with (
        load.orders(users=5, attempts_per_second=50),
        inject(Partition("east-app-2", from_="east-cache-1")),
        inject(Kill("payments")),
    ):
        fill(Path(os.environ["MUSTER_TEST_RUNS"]))
        recovery.wait(at_most=timedelta(seconds=20))
    recovery.must_meet(Objectives(rto_seconds=10, rpo_seconds=0))
