"""We believe that Partition loses exactly the packets it says, and gives exactly those back."""

from __future__ import annotations

import pytest

from environments.model import Cut, Direction, UnknownNameError, WorldError
from fixtures.faults import Partition
from tests.fakes.world import FakeEnvironment


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


def planned(world: FakeEnvironment, direction: Direction = Direction.BOTH) -> Partition:
    return Partition("east-db-2", "db,east-etcd-1", direction).plan(world)


CUT = Cut(frozenset({"east-db-1", "east-db-3", "east-etcd-1"}))


def test_the_target_is_not_among_those_it_is_cut_off_from(world: FakeEnvironment) -> None:
    fault = Partition("db:primary", "*").plan(world)
    assert fault.nodes() == ("east-db-1",)
    assert len(fault.others()) == len(world.nodes) - 1
    assert "east-db-1" not in fault.others()


def test_planning_what_is_planned_changes_nothing(world: FakeEnvironment) -> None:
    assert planned(world).plan(world) == planned(world)


def test_cut_off_from_nobody_is_refused(world: FakeEnvironment) -> None:
    with pytest.raises(UnknownNameError, match="cuts it off from nobody: name others"):
        Partition("db", "east-db-1").plan(world)


@pytest.mark.parametrize(
    ("direction", "ways"),
    [
        (Direction.BOTH, "both ways"),
        (Direction.INBOUND, "inbound"),
        (Direction.OUTBOUND, "outbound"),
    ],
)
def test_it_reads_well(world: FakeEnvironment, direction: Direction, ways: str) -> None:
    assert str(planned(world, direction)) == (
        f"Partition east-db-2 from east-db-1, east-db-3, east-etcd-1 ({ways})"
    )


@pytest.mark.parametrize("direction", list(Direction))
def test_the_targets_alone_get_the_cut(world: FakeEnvironment, direction: Direction) -> None:
    planned(world, direction).inject(world)
    cuts = {node.name: node.cuts for node in world.nodes if node.cuts}
    assert cuts == {"east-db-2": {Cut(CUT.peers, direction)}}


def test_rules_in_place_that_drop_nothing_are_no_effect(world: FakeEnvironment) -> None:
    fault = planned(world)
    world.ignore("east-db-2", "drop")
    fault.inject(world)
    assert not fault.has_taken_effect(world)
    world.obey()
    assert fault.has_taken_effect(world)


def test_silence_without_the_rules_is_no_effect(
    world: FakeEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.node("east-db-2"), "drops", lambda _: True)
    assert not planned(world).has_taken_effect(world)


def test_rules_that_drop_nothing_are_not_gone(world: FakeEnvironment) -> None:
    fault = planned(world)
    world.ignore("east-db-2", "drop")
    fault.inject(world)
    assert not fault.has_gone(world)


def test_effect_is_seen_only_once_every_target_is_cut_off(world: FakeEnvironment) -> None:
    fault = Partition("db", "etcd").plan(world)
    world.ignore("east-db-3", "cut")
    fault.inject(world)
    assert not fault.has_taken_effect(world)


def test_reverting_leaves_the_cuts_of_others(world: FakeEnvironment) -> None:
    somebody_elses = Cut(frozenset({"east-edge", "east-db-1"}))
    node = world.node("east-db-2")
    node.cuts.add(somebody_elses)
    fault = planned(world)
    fault.inject(world)
    fault.revert(world)
    assert node.cuts == {somebody_elses}


def test_it_is_gone_once_the_rules_are_off_and_all_answer(world: FakeEnvironment) -> None:
    fault = planned(world)
    fault.inject(world)
    assert not fault.has_gone(world)
    fault.revert(world)
    assert fault.has_gone(world)


def test_it_is_not_gone_while_a_peer_that_runs_is_silent(world: FakeEnvironment) -> None:
    fault = planned(world)
    world.node("east-etcd-1").cuts.add(Cut(frozenset({"east-db-2"})))
    assert not fault.has_gone(world)


@pytest.mark.parametrize("dead", ["east-db-1", "east-db-2"])
def test_the_dead_are_not_expected_to_answer(world: FakeEnvironment, dead: str) -> None:
    world.node(dead).running = False
    assert planned(world).has_gone(world)


def test_one_that_stays_cut_off_keeps_no_other_so(world: FakeEnvironment) -> None:
    fault = Partition("db", "etcd").plan(world)
    fault.inject(world)
    world.fail("east-db-1", "uncut")
    with pytest.raises(WorldError, match="east-db-1 was told to fail to uncut"):
        fault.revert(world)
    assert [node.name for node in world.nodes if node.cuts] == ["east-db-1"]
    assert not fault.has_gone(world)


def test_a_steady_world_is_available(world: FakeEnvironment) -> None:
    assert planned(world).unavailable(world) is None


def test_peers_that_are_silent_already_are_nobodys_drill(world: FakeEnvironment) -> None:
    planned(world).inject(world)
    why = Partition("east-db-2", "db,east-app-1").plan(world).unavailable(world)
    assert why == "east-db-2 does not reach east-db-1, east-db-3 already"


def test_the_dead_and_the_incapable_cannot_be_cut_off(world: FakeEnvironment) -> None:
    world.node("east-db-2").running = False
    assert planned(world).unavailable(world) == "east-db-2 is not running"
    incapable = Partition("bastion", "db").plan(world)
    assert incapable.unavailable(world) == "bastion cannot be cut off"
    with pytest.raises(WorldError, match="bastion cannot be cut off: choose another target"):
        incapable.inject(world)
