"""We believe that TakeMemory is seen by whom the kernel ended, and starts that again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures.faults import TakeMemory, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.bounded import (
    BEGAN,
    SERVICE,
    V1,
    V2,
    add_process,
    bound,
    end_service,
    jobs,
    note_kills,
    set_bounds,
    started,
)
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAULT = TakeMemory("east-app-2")


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> Iterator[HostNode]:
    (host,) = put_on_hosts(world, tmp_path, "east-app-2")
    bound(host)
    yield host
    FAULT.revert(world)


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert str(FAULT.plan(world)) == "Take the memory of east-app-2"
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert jobs(host) == ["7 0.05 0.5 51000"]  # processes of 85 % of the largest program's
    assert not FAULT.has_taken_effect(world)
    end_service(host)
    note_kills(host, 1)
    assert FAULT.has_taken_effect(world)
    assert FAULT.stands(world)
    assert not FAULT.has_gone(world)
    assert FAULT.traces(world) == host.damage()
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert started(host) == ["orders"]


@pytest.mark.parametrize("version", [V1, V2])
def test_a_kill_of_somebody_else_is_no_effect(
    world: FakeEnvironment, host: HostNode, version: str
) -> None:
    if version == V2:
        (host.below("/sys/fs/cgroup/memory/memory.oom_control")).unlink()
    note_kills(host, 3, version)
    FAULT.inject(world)
    note_kills(host, 4, version)
    assert not FAULT.has_taken_effect(world)
    add_process(host, SERVICE, began=BEGAN + 1)  # another one has its number
    assert FAULT.has_taken_effect(world)


def test_a_service_that_ended_for_another_reason_is_no_effect(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    end_service(host)
    assert not FAULT.has_taken_effect(world)


def test_a_job_that_people_ended_stands_no_more(world: FakeEnvironment, host: HostNode) -> None:
    FAULT.inject(world)
    end_service(host)
    note_kills(host, 1)
    (host.kept[0] / "batch-job").unlink()
    FAULT.revert(world)
    assert not FAULT.stands(world)


def test_what_people_started_again_is_let_be(world: FakeEnvironment, host: HostNode) -> None:
    FAULT.inject(world)
    FAULT.revert(world)
    assert started(host) == []


def test_a_service_that_is_down_afterwards_has_not_gone(
    world: FakeEnvironment, host: HostNode
) -> None:
    end_service(host)
    assert not FAULT.has_gone(world)


def test_memory_of_the_host_is_not_taken(world: FakeEnvironment, host: HostNode) -> None:
    set_bounds(host, memory=None)
    assert FAULT.unavailable(world) == (
        "east-app-2 has no bound of its own for memory: its host would run out"
    )
    with pytest.raises(WorldError, match="no bound of its own"):
        FAULT.inject(world)
    assert jobs(host) == []


def test_no_bound_is_told_in_the_words_of_either_interface(
    world: FakeEnvironment, host: HostNode
) -> None:
    host.below("/sys/fs/cgroup/memory/memory.limit_in_bytes").unlink()
    set_bounds(host, V2, memory="200000000")
    assert FAULT.unavailable(world) is None
    set_bounds(host, V2, memory=None)
    assert "no bound of its own" in str(FAULT.unavailable(world))


def test_it_needs_a_service_that_can_be_started_again(
    world: FakeEnvironment, host: HostNode
) -> None:
    end_service(host)
    (host.root / "programs").write_text("orders EXITED Nov 26 02:00 PM\n")
    assert FAULT.unavailable(world) == (
        "east-app-2 has no service that runs under a supervisor"
    )
