"""We believe that every fault is proven by the world it breaks, and undone by anybody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import Direction
from fixtures.faults import (
    Cut,
    Fault,
    Kill,
    LoseDns,
    LosePackets,
    Partition,
    Pause,
    Reset,
    Slow,
    Throttle,
    describe,
    rebuild,
)
from fixtures.waiting import wait_until
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from environments.model import Environment

EFFECT_WITHIN = timedelta(seconds=10)
GONE_WITHIN = timedelta(seconds=30)
LINK = "app-to-payments"
FAULTS: list[Fault] = [
    Kill("payments"),
    Kill("east-app-1,east-app-2"),
    Pause("payments,east-cache-1"),
    Partition("east-cache-1", "payments,bastion"),
    Partition("payments", "bastion", Direction.INBOUND),
    Partition("payments", "bastion", Direction.OUTBOUND),
    LosePackets("payments", "bastion,east-cache-1", 30),
    LoseDns("payments"),
    Slow(LINK, timedelta(milliseconds=400)),
    Slow(LINK, timedelta(milliseconds=400), timedelta(milliseconds=100)),
    Slow("app-to-db", timedelta(milliseconds=200)),
    Cut(LINK),
    Cut("app-to-cache"),
    Reset(LINK),
    Reset("app-to-cache"),
    Throttle(LINK, 10),
    Throttle("app-to-cache", 50),
]
each = pytest.mark.parametrize("fault", FAULTS, ids=str)


@each
def test_a_fault_comes_is_seen_and_is_undone_by_anybody(
    world: Environment, fault: Fault
) -> None:
    planned = fault.plan(world)
    assert planned.unavailable(world) is None
    anybody = rebuild(json.loads(json.dumps(describe(planned))))
    anybody.revert(world)  # before there is anything to undo
    assert planned.has_gone(world)
    assert not planned.has_taken_effect(world)
    try:
        planned.inject(world)
        wait_until(
            f"{planned} to take effect",
            lambda: planned.has_taken_effect(world),
            at_most=EFFECT_WITHIN,
        )
        assert not planned.has_gone(world)
        assert planned.unavailable(world)
    finally:
        anybody.revert(world)
        anybody.revert(world)
    wait_until(f"{planned} to be gone", lambda: planned.has_gone(world), at_most=GONE_WITHIN)


@each
def test_a_fault_that_the_world_ignores_is_not_believed(fault: Fault) -> None:
    world = FakeEnvironment()
    planned = fault.plan(world)
    for name in planned.nodes():
        for deed in ("kill", "pause", "cut", "lose dns", "impair"):
            world.ignore(name, deed)
    planned.inject(world)
    assert not planned.has_taken_effect(world)
