"""We believe that CrashLoop is seen in starts that follow each other, and is taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import CrashLoop, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

FAULT = CrashLoop("east-app-1")
BUG, CHILDREN = "/run/orders/bugs/crash", "/proc/1/task/1/children"


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostNode:
    monkeypatch.setenv("RESTARTS", "true")
    (host,) = put_on_hosts(world, tmp_path, "east-app-1")
    host.below(CHILDREN).parent.mkdir(parents=True)
    runs_as(host, "7 ")
    host.has("supervisorctl", f'[ "$*" = "start orders" ] && echo "99 " > $ROOT{CHILDREN}')
    return host


def runs_as(host: HostNode, number: str) -> None:
    host.below(CHILDREN).write_text(number)


def test_it_reads_well() -> None:
    assert str(FAULT) == "Have east-app-1 crash 1 s after each start"


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    FAULT.inject(world)
    assert host.below(BUG).read_text() == "1\n"
    for number in ("", "8 ", "", "8 "):
        runs_as(host, number)
        assert not FAULT.has_taken_effect(world), "it was started again once only"
    runs_as(host, "9 ")
    assert FAULT.has_taken_effect(world)
    assert FAULT.stands(world)
    assert not FAULT.has_gone(world)
    assert host.damage() == FAULT.traces(world)
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not host.below(BUG).exists()
    assert host.below(CHILDREN).read_text() == "9 ", "what runs is left alone"


def test_what_people_rolled_back_does_not_stand(world: FakeEnvironment, host: HostNode) -> None:
    FAULT.inject(world)
    host.below(BUG).unlink()
    assert not FAULT.stands(world)


def test_what_people_stopped_is_started_again(world: FakeEnvironment, host: HostNode) -> None:
    FAULT.inject(world)
    runs_as(host, "")
    assert not FAULT.has_gone(world)
    FAULT.revert(world)
    assert host.below(CHILDREN).read_text() == "99 \n"
    assert FAULT.has_gone(world)


def test_it_is_unavailable_where_it_would_show_nothing(
    world: FakeEnvironment, host: HostNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_as(host, "")
    assert FAULT.unavailable(world) == "east-app-1 has no service that runs"
    host.below(BUG).parent.mkdir(parents=True)
    host.below(BUG).touch()
    assert FAULT.unavailable(world) == "east-app-1 has the bad release already"
    monkeypatch.setenv("RESTARTS", "false")
    assert "nothing would loop" in str(FAULT.unavailable(world))
