"""We believe that partitions of random shape have two sides, and a seed draws them again."""

from __future__ import annotations

import pytest

from environments.model import Direction
from environments.selectors import select
from fixtures.random_partitions import random_partitions
from tests.fakes.world import FakeEnvironment

WORLD = FakeEnvironment()
AMONG = "db,etcd,app,db-router"
NODES = {node.name for node in select(WORLD, AMONG)}
# Not drawn by Hypothesis, which draws the shapes: one within the other it refuses.
SEEDS = pytest.mark.parametrize("seed", [0, 1, 2, 7, 1234, 2**32, 2**64])


@SEEDS
def test_every_node_is_on_one_side_and_no_side_is_empty(seed: int) -> None:
    for partition in random_partitions(WORLD, AMONG, drawn_from=seed, count=10):
        here, there = set(partition.nodes()), set(partition.others())
        assert here
        assert len(here) <= len(there)
        assert here | there == NODES
        assert not here & there
        assert partition.plan(WORLD) == partition


@SEEDS
def test_a_seed_gives_the_same_shapes_again(seed: int) -> None:
    first = random_partitions(WORLD, AMONG, drawn_from=seed, count=10)
    assert random_partitions(WORLD, AMONG, drawn_from=seed, count=10) == first
    assert len(set(first)) == 10
    assert first != random_partitions(WORLD, AMONG, drawn_from=seed + 1, count=10)


def test_in_time_every_direction_and_size_is_drawn() -> None:
    drawn = random_partitions(WORLD, AMONG, drawn_from=1, count=100)
    assert {one.direction for one in drawn} == set(Direction)
    assert {len(one.nodes()) for one in drawn} == {1, 2, 3, 4, 5}
    assert any("east-db-1" in one.nodes() for one in drawn)


def test_more_shapes_than_there_are_cannot_be_drawn() -> None:
    assert len(random_partitions(WORLD, "east-etcd-1,east-etcd-2", drawn_from=1, count=6)) == 6
    with pytest.raises(ValueError, match="only 6 of 7 shapes of 'east-etcd-1,eas"):
        random_partitions(WORLD, "east-etcd-1,east-etcd-2", drawn_from=1, count=7)


def test_one_node_alone_has_no_two_sides() -> None:
    with pytest.raises(ValueError, match="'east-edge' selects east-edge alone: a part"):
        random_partitions(WORLD, "east-edge", drawn_from=1, count=1)
