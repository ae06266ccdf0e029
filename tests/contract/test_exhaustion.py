"""We believe that what runs out on a node leaves its host alone, is seen, and is undone."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Crowded
from environments.selectors import select
from fixtures.faults import (
    Fault,
    Leak,
    TakeCpu,
    TakeDescriptors,
    TakeMemory,
    TakeProcesses,
    describe,
    rebuild,
)
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from environments.model import Environment

pytestmark = [pytest.mark.contract, pytest.mark.settings(Settings(bounded=True))]

EFFECT_WITHIN = timedelta(seconds=30)
GONE_WITHIN = timedelta(seconds=30)
WHOLE_WITHIN = timedelta(seconds=60)
FAULTS: list[Fault] = [
    TakeCpu("east-app-2"),
    Leak("east-app-2", kilobytes=8_000),  # the edge's checks are all the requests there are
    TakeMemory("east-app-2"),
    TakeProcesses("db:primary"),
    TakeDescriptors("east-app-2"),
]
OF_THE_PRIMARY: list[Fault] = [TakeCpu("db:primary", burners=64), TakeMemory("db:primary")]


# A node's bounds are 1,536 MB (its disk in memory included) and 256 processes; what is beside
# them is for other work on this machine.
MEMORY_MEGABYTES = 2_000
DISK_MEGABYTES = 2_000
PROCESSES = 400


@dataclass(frozen=True, slots=True)
class Host:
    """What this machine has left, as its kernel says."""

    free_memory_megabytes: int
    free_disk_megabytes: int
    processes: int

    @classmethod
    def read(cls) -> Host:
        memory = dict(
            line.split(":") for line in Path("/proc/meminfo").read_text().splitlines()
        )
        return cls(
            free_memory_megabytes=int(memory["MemAvailable"].split()[0]) >> 10,
            free_disk_megabytes=shutil.disk_usage("/").free >> 20,
            processes=int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2]),
        )

    def is_untouched_by(self, later: Host) -> bool:
        """Whether no more is gone than one node may have."""
        return (
            later.free_memory_megabytes > self.free_memory_megabytes - MEMORY_MEGABYTES
            and later.free_disk_megabytes > self.free_disk_megabytes - DISK_MEGABYTES
            and later.processes < self.processes + PROCESSES
        )


@pytest.mark.parametrize(
    "fault",
    [*FAULTS, *(pytest.param(fault, marks=pytest.mark.nightly) for fault in OF_THE_PRIMARY)],
    ids=str,
)
def test_what_runs_out_is_seen_is_undone_by_anybody_and_is_the_nodes_own(
    replica: Environment, fault: Fault
) -> None:
    planned = fault.plan(replica)
    assert planned.unavailable(replica) is None
    anybody = rebuild(json.loads(json.dumps(describe(planned))))
    anybody.revert(replica)  # before there is anything to undo
    assert planned.has_gone(replica)
    assert not planned.has_taken_effect(replica)
    before = Host.read()
    try:
        planned.inject(replica)
        wait_until(
            f"{planned} to take effect",
            lambda: planned.has_taken_effect(replica),
            at_most=EFFECT_WITHIN,
        )
        assert before.is_untouched_by(Host.read())
        if not isinstance(planned, TakeProcesses):  # nobody gets in to ask
            assert not planned.has_gone(replica)
            assert planned.unavailable(replica)
            assert replica.traces(among=planned.nodes()) <= planned.traces(replica)
    finally:
        anybody.revert(replica)
        anybody.revert(replica)
    wait_until(f"{planned} to be gone", lambda: planned.has_gone(replica), at_most=GONE_WITHIN)
    wait_until(
        "the world to be whole",
        lambda: not replica.deviations(),
        at_most=WHOLE_WITHIN,
        why_not=lambda _: "; ".join(replica.deviations()),
    )
    assert not replica.traces(among=planned.nodes())
    assert before.is_untouched_by(Host.read())


@pytest.mark.parametrize("fault", [TakeCpu("payments"), TakeMemory("payments")], ids=str)
def test_a_node_without_bounds_of_its_own_is_let_be(replica: Environment, fault: Fault) -> None:
    assert "has no bound of its own" in str(fault.unavailable(replica))


def test_places_are_counted_with_their_bound_and_scripts_see_the_processes(
    replica: Environment,
) -> None:
    (database,) = select(replica, "east-db-1")
    assert isinstance(database, Crowded)
    places = database.places()
    assert places.at_most == 256
    assert 5 < places.taken < 256
    assert "postgres" in database.run_among("cat /proc/[0-9]*/comm 2>/dev/null").split()
