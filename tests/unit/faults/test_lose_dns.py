"""We believe that LoseDns leaves its targets without names, and says so only if it is true."""

from __future__ import annotations

import pytest

from environments.model import WorldError
from fixtures.faults import LoseDns
from tests.fakes.world import FakeEnvironment


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


def nameless(world: FakeEnvironment) -> list[str]:
    return [node.name for node in world.nodes if not node.has_dns]


def test_it_comes_is_seen_and_is_undone(world: FakeEnvironment) -> None:
    fault = LoseDns("app@east-b,payments").plan(world)
    assert fault == LoseDns("east-app-2,payments") == fault.plan(world)
    assert str(fault) == "Lose DNS on east-app-2, payments"
    assert fault.unavailable(world) is None
    assert fault.has_gone(world)
    fault.inject(world)
    assert nameless(world) == ["east-app-2", "payments"]
    assert fault.has_taken_effect(world)
    assert not fault.has_gone(world)
    assert world.traces() == fault.traces(world)
    assert fault.unavailable(world) == "east-app-2 resolves no name already"
    fault.revert(world)
    fault.revert(world)
    assert fault.has_gone(world)
    assert nameless(world) == []


def test_effect_is_seen_only_once_every_target_has_lost_it(world: FakeEnvironment) -> None:
    fault = LoseDns("app").plan(world)
    world.ignore("east-app-3", "lose dns")
    fault.inject(world)
    assert not fault.has_taken_effect(world)


def test_rules_under_which_names_are_found_are_no_effect_and_have_not_gone(
    world: FakeEnvironment,
) -> None:
    fault = LoseDns("payments").plan(world)
    world.ignore("payments", "lose lookups")
    fault.inject(world)
    assert not fault.has_taken_effect(world)
    assert not fault.has_gone(world)


def test_names_that_are_not_found_without_the_rules_are_no_effect(
    world: FakeEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = LoseDns("payments").plan(world)
    monkeypatch.setattr(world.node("payments"), "resolves", lambda: False)
    assert not fault.has_taken_effect(world)
    assert not fault.has_gone(world)


def test_the_dead_ask_nothing_and_are_nobodys_drill(world: FakeEnvironment) -> None:
    fault = LoseDns("payments").plan(world)
    world.node("payments").running = False
    assert fault.unavailable(world) == "payments is not running"
    assert fault.has_gone(world)
    assert not fault.has_taken_effect(world)


def test_the_incapable_is_refused(world: FakeEnvironment) -> None:
    incapable = LoseDns("bastion").plan(world)
    assert incapable.unavailable(world) == "bastion cannot lose its DNS"
    with pytest.raises(WorldError, match="bastion cannot lose its DNS: choose another target"):
        incapable.inject(world)
