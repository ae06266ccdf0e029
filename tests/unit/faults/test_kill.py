"""We believe that Kill ends every target, proves it, and starts them all again."""

from __future__ import annotations

import pytest

from environments.model import UnknownNameError, WorldError
from fixtures.faults import Kill
from tests.fakes.world import FakeEnvironment


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


def test_selectors_become_concrete_names_once(world: FakeEnvironment) -> None:
    planned = Kill("db:primary").plan(world)
    world.primary = "east-db-2"
    assert planned == Kill("east-db-1")
    assert planned.nodes() == ("east-db-1",)
    assert planned.plan(world) == planned


def test_it_reads_well(world: FakeEnvironment) -> None:
    assert str(Kill("db:primary")) == "Kill db:primary"
    assert str(Kill("db").plan(world)) == "Kill east-db-1, east-db-2, east-db-3"


def test_every_target_dies_and_nobody_else(world: FakeEnvironment) -> None:
    fault = Kill("app").plan(world)
    fault.inject(world)
    assert [node.name for node in world.nodes if not node.running] == list(fault.nodes())


def test_effect_is_seen_only_once_all_targets_are_dead(world: FakeEnvironment) -> None:
    fault = Kill("app").plan(world)
    world.ignore("east-app-2", "kill")
    fault.inject(world)
    assert not fault.has_taken_effect(world)
    fault.inject(world)
    assert fault.has_taken_effect(world)


def test_it_is_gone_only_once_all_targets_run(world: FakeEnvironment) -> None:
    fault = Kill("app").plan(world)
    fault.inject(world)
    assert not fault.has_gone(world)
    world.ignore("east-app-3", "start")
    fault.revert(world)
    assert not fault.has_gone(world)
    fault.revert(world)
    assert fault.has_gone(world)


@pytest.mark.parametrize("failing", ["east-app-1", "east-app-2", "east-app-3"])
def test_one_that_cannot_be_started_keeps_no_other_from_it(
    world: FakeEnvironment, failing: str
) -> None:
    fault = Kill("app").plan(world)
    fault.inject(world)
    world.fail(failing, "start")
    with pytest.raises(WorldError, match=f"^{failing} was told to fail to start$"):
        fault.revert(world)
    assert [node.name for node in world.nodes if not node.running] == [failing]


def test_several_failures_are_one_sentence(world: FakeEnvironment) -> None:
    fault = Kill("app").plan(world)
    world.fail("east-app-1", "kill")
    world.fail("east-app-3", "kill")
    with pytest.raises(WorldError, match=r"^east-app-1 was .* kill; east-app-3 was .* kill$"):
        fault.inject(world)
    assert not world.node("east-app-2").running


def test_a_steady_world_is_available(world: FakeEnvironment) -> None:
    assert Kill("app").plan(world).unavailable(world) is None


def test_a_node_that_is_dead_already_is_nobodys_drill(world: FakeEnvironment) -> None:
    Kill("east-app-2").inject(world)
    why = Kill("app").plan(world).unavailable(world)
    assert why == "east-app-2 is not running already"


def test_a_frozen_node_would_not_be_left_as_it_was(world: FakeEnvironment) -> None:
    world.node("east-app-2").paused = True
    why = Kill("east-app-2").unavailable(world)
    assert why is not None
    assert why.startswith("east-app-2 is paused, and would not be")


def test_a_node_that_cannot_be_killed_says_so(world: FakeEnvironment) -> None:
    assert Kill("bastion").unavailable(world) == "bastion cannot be killed"
    with pytest.raises(WorldError, match="bastion cannot be killed: choose another target"):
        Kill("bastion").inject(world)


def test_a_fault_that_was_not_planned_resolves_nothing_by_itself(
    world: FakeEnvironment,
) -> None:
    with pytest.raises(UnknownNameError, match="'db:primary' is no node of fake"):
        Kill("db:primary").inject(world)
