"""We believe that Pause freezes every target, proves it, and lets them all go on."""

from __future__ import annotations

import pytest

from environments.model import WorldError
from fixtures.faults import Pause
from tests.fakes.world import FakeEnvironment


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


def frozen(world: FakeEnvironment) -> list[str]:
    return [node.name for node in world.nodes if node.paused]


def test_it_reads_well_once_planned(world: FakeEnvironment) -> None:
    assert str(Pause("db:replica").plan(world)) == "Pause east-db-2, east-db-3"


def test_every_target_freezes_and_nobody_else(world: FakeEnvironment) -> None:
    fault = Pause("etcd").plan(world)
    fault.inject(world)
    assert frozen(world) == list(fault.nodes()) == ["east-etcd-1", "east-etcd-2", "east-etcd-3"]


def test_effect_is_seen_only_once_all_are_frozen(world: FakeEnvironment) -> None:
    fault = Pause("etcd").plan(world)
    world.ignore("east-etcd-1", "pause")
    fault.inject(world)
    assert not fault.has_taken_effect(world)
    fault.inject(world)
    assert fault.has_taken_effect(world)


def test_it_is_gone_only_once_none_is_frozen(world: FakeEnvironment) -> None:
    fault = Pause("etcd").plan(world)
    fault.inject(world)
    world.fail("east-etcd-2", "resume")
    with pytest.raises(WorldError, match="east-etcd-2 was told to fail to resume"):
        fault.revert(world)
    assert frozen(world) == ["east-etcd-2"]
    assert not fault.has_gone(world)
    fault.revert(world)
    assert fault.has_gone(world)


def test_what_cannot_be_paused_says_why(world: FakeEnvironment) -> None:
    world.node("east-etcd-1").paused = True
    world.node("east-etcd-2").running = False
    assert Pause("east-etcd-1").unavailable(world) == "east-etcd-1 is paused already"
    assert Pause("east-etcd-2").unavailable(world) == "east-etcd-2 is not running"
    assert Pause("east-etcd-3").unavailable(world) is None
    assert Pause("bastion").unavailable(world) == "bastion cannot be paused"
    with pytest.raises(WorldError, match="bastion cannot be paused: choose another target"):
        Pause("bastion").inject(world)
