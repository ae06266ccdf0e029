"""We believe that Lag holds back what a primary sends to its standbys, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from environments.model import Limit, UnknownNameError, WorldError
from fixtures.faults import Lag
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from tests.fakes.nodes import FakeNode

LIMIT = Limit(frozenset({"east-db-2", "east-db-3"}), 100)


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


def limits(world: FakeEnvironment) -> dict[str, set[Limit]]:
    return {node.name: node.limits for node in world.fakes() if node.limits}


def primary(world: FakeEnvironment) -> FakeNode:
    return next(node for node in world.fakes() if node.name == "east-db-1")


def test_the_primary_of_its_planning_sends_less_to_everyone_else(
    world: FakeEnvironment,
) -> None:
    planned = Lag("db", 100).plan(world)
    world.primary = "east-db-2"
    assert planned == Lag("east-db-2,east-db-3", 100, "east-db-1") == planned.plan(world)
    assert planned.nodes() == ("east-db-1",)
    assert str(planned) == "Lag of east-db-2, east-db-3 behind east-db-1 at 100 kbit/s"
    with pytest.raises(UnknownNameError, match="nobody of 'db:primary' is behind east-db-2"):
        Lag("db:primary", 100).plan(world)


def test_it_comes_is_seen_and_is_undone(world: FakeEnvironment) -> None:
    fault = Lag("db", 100).plan(world)
    before = world.snapshot()
    assert fault.unavailable(world) is None
    fault.revert(world)
    assert fault.has_gone(world)
    assert not fault.has_taken_effect(world)
    fault.inject(world)
    fault.inject(world)
    assert limits(world) == {"east-db-1": {LIMIT}}
    assert fault.has_taken_effect(world)
    assert not fault.has_gone(world)
    assert world.traces() == fault.traces(world)
    fault.revert(world)
    fault.revert(world)
    assert fault.has_gone(world)
    assert world.snapshot() == before


def test_a_limit_that_holds_nothing_back_is_no_effect(world: FakeEnvironment) -> None:
    fault = Lag("db", 100).plan(world)
    world.ignore("east-db-1", "hold back")
    fault.inject(world)
    assert not fault.has_taken_effect(world)
    assert not fault.has_gone(world)


def test_packets_held_back_without_the_limit_are_no_effect(
    world: FakeEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(primary(world), "holds_back", lambda _: True)
    assert not Lag("db", 100).plan(world).has_taken_effect(world)


def test_a_limit_that_is_half_there_has_not_gone(
    world: FakeEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(primary(world), "has_queue", lambda _: True)
    assert not Lag("db", 100).plan(world).has_gone(world)


def test_somebody_elses_limit_is_left_and_is_nobodys_drill(world: FakeEnvironment) -> None:
    theirs = Limit(frozenset({"payments"}), 5)
    primary(world).limits.add(theirs)
    fault = Lag("db", 100).plan(world)
    assert fault.unavailable(world) == "east-db-1 bears a queue already (htb on eth0)"
    with pytest.raises(WorldError, match="bears another limit"):
        fault.inject(world)
    fault.revert(world)
    assert limits(world) == {"east-db-1": {theirs}}


def test_the_dead_and_the_incapable_cannot_be_limited(world: FakeEnvironment) -> None:
    primary(world).running = False
    dead = Lag("east-db-2", 100, "east-db-1")
    assert dead.unavailable(world) == "east-db-1 is not running"
    incapable = Lag("east-db-2", 100, "bastion")
    assert incapable.unavailable(world) == "bastion cannot be limited"
    with pytest.raises(WorldError, match="bastion cannot be limited: choose another sender"):
        incapable.inject(world)


@pytest.mark.parametrize("rate", [0, 10_001])
def test_a_rate_that_could_not_be_proven_is_refused(rate: int) -> None:
    with pytest.raises(ValueError, match=f"no lag of {rate} kbit/s can be proven: give from 1"):
        Lag("db", rate)
