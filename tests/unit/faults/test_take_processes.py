"""We believe that TakeProcesses is seen and undone from outside, where nobody gets in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.model import Completed, Places, WorldError
from fixtures.faults import TakeProcesses, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.bounded import bound, jobs, set_bounds
from tests.unit.faults.hosts import HostNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

FAULT = TakeProcesses("east-db-1")
MOST = 64


class CrowdedHost(HostNode):
    """Nothing runs on it while its job does, unless ``lets_in``; the job can be ended then."""

    at_most: int | None = MOST
    taken = 0
    lets_in = False

    def places(self) -> Places:
        return Places(self.taken, self.at_most)

    def run_among(self, script: str) -> str:
        if "kill -KILL" in script:
            self.taken = 0
        elif "wc -l" in script:
            return f"{self.taken}\n"
        return ""

    def run(
        self,
        command: Sequence[str],
        *,
        within: timedelta,
        variables: Mapping[str, str] | None = None,
    ) -> Completed:
        if self.taken and not self.lets_in:
            raise WorldError(f"{self.name} could not run {command[0]!r}: no process is left")
        return HostNode.run(self, command, within=within, variables=variables)


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> Iterator[CrowdedHost]:
    host = CrowdedHost(world, "east-db-1", "db", tmp_path / "east-db-1")
    world.nodes = [host if node.name == host.name else node for node in world.nodes]
    bound(host)
    yield host
    FAULT.revert(world)


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: CrowdedHost
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert str(TakeProcesses("db:primary").plan(world)) == "Take the processes of east-db-1"
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert jobs(host) == [f"{MOST} 0 0.2"]
    assert FAULT.traces(world) == host.damage()
    host.taken = MOST
    assert FAULT.has_taken_effect(world)
    assert FAULT.stands(world)
    anybody.revert(world)
    anybody.revert(world)
    assert not FAULT.stands(world)
    assert FAULT.has_gone(world)


def test_a_node_that_has_a_place_left_or_lets_somebody_in_is_no_effect(
    world: FakeEnvironment, host: CrowdedHost
) -> None:
    FAULT.inject(world)
    host.taken = MOST - 1
    assert not FAULT.has_taken_effect(world)
    host.taken, host.lets_in = MOST, True
    assert not FAULT.has_taken_effect(world)


def test_processes_of_the_host_are_not_taken(world: FakeEnvironment, host: CrowdedHost) -> None:
    host.at_most = None
    assert FAULT.unavailable(world) == (
        "east-db-1 has no bound of its own for processes: its host would run out"
    )
    set_bounds(host, processes=None)
    with pytest.raises(WorldError, match="no bound of its own"):
        FAULT.inject(world)
    assert jobs(host) == []


def test_a_node_without_an_outside_is_no_target(world: FakeEnvironment) -> None:
    fault = TakeProcesses("bastion")
    assert fault.unavailable(world) == "bastion cannot be reached from outside its bounds"
    with pytest.raises(WorldError, match="choose another target"):
        fault.revert(world)
