"""We believe that LosePackets loses the share it says, between those it names, and no more.

What it has in common with Partition is believed there.
"""

from __future__ import annotations

import pytest

from environments.model import Cut, Direction, UnknownNameError
from fixtures.faults import LosePackets
from tests.fakes.world import FakeEnvironment


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.mark.parametrize("direction", list(Direction))
def test_it_comes_is_seen_and_is_undone(world: FakeEnvironment, direction: Direction) -> None:
    fault = LosePackets("east-db-2", "db", 20, direction).plan(world)
    assert fault == LosePackets("east-db-2", "east-db-1,east-db-3", 20, direction)
    assert fault.unavailable(world) is None
    fault.inject(world)
    cuts = {node.name: node.cuts for node in world.nodes if node.cuts}
    assert cuts == {"east-db-2": {Cut(frozenset({"east-db-1", "east-db-3"}), direction, 20)}}
    assert fault.has_taken_effect(world)
    assert not fault.has_gone(world)
    assert world.traces() == fault.traces(world)
    fault.revert(world)
    assert fault.has_gone(world)
    assert not world.traces()


def test_some_packets_pass_and_yet_it_is_nobody_elses_drill(world: FakeEnvironment) -> None:
    fault = LosePackets("east-db-2", "db", 20).plan(world)
    fault.inject(world)
    node = next(node for node in world.fakes() if node.name == "east-db-2")
    assert node.reaches(["east-db-1"])
    assert fault.unavailable(world) == "east-db-2 bears the same fault already"


def test_rules_that_lose_nothing_are_no_effect(world: FakeEnvironment) -> None:
    fault = LosePackets("east-db-2", "db", 20).plan(world)
    world.ignore("east-db-2", "drop")
    fault.inject(world)
    assert not fault.has_taken_effect(world)


@pytest.mark.parametrize(
    ("direction", "ways"),
    [
        (Direction.BOTH, "both ways"),
        (Direction.INBOUND, "inbound"),
        (Direction.OUTBOUND, "outbound"),
    ],
)
def test_it_reads_well(world: FakeEnvironment, direction: Direction, ways: str) -> None:
    fault = LosePackets("east-db-2", "db", 7, direction).plan(world)
    assert str(fault) == (
        f"Lose 7 % of packets between east-db-2 and east-db-1, east-db-3 ({ways})"
    )


@pytest.mark.parametrize("percent", [-1, 0, 91, 100])
def test_a_rate_that_could_not_be_proven_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match=f"no loss of {percent} % can be proven: give from 1"):
        LosePackets("db", "app", percent)


def test_a_loss_between_nobody_is_refused(world: FakeEnvironment) -> None:
    with pytest.raises(
        UnknownNameError, match=r"a loss of packets of .* cuts it off from nobody"
    ):
        LosePackets("db", "east-db-1", 5).plan(world)
