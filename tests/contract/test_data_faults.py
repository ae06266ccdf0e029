"""We believe that faults which damage data bite for real, and are undone by anybody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import select
from fixtures.faults import (
    DamageBackup,
    DamagePages,
    Fault,
    Lag,
    LoseFile,
    StopArchiving,
    StopBackups,
    TakeConnections,
    describe,
    rebuild,
)
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from environments.model import Environment

pytestmark = [pytest.mark.contract, pytest.mark.settings(Settings(backups=True))]

EFFECT_WITHIN = timedelta(seconds=15)
GONE_WITHIN = timedelta(seconds=30)
FAULTS: list[Fault] = [
    DamagePages("db:replica", "orders"),
    DamagePages("db", "orders_key_key"),
    LoseFile("db:replica", "orders_of_customer"),
    StopArchiving("db"),
    StopBackups("east-backup"),
    DamageBackup("east-backup,west-backup"),
    Lag("db:replica", kilobits_per_second=100),
    TakeConnections("db:primary"),
]
SOME_ORDERS = """
INSERT INTO orders (key, customer, item, amount_cents, status)
SELECT 'contract-' || n, 'contract', 'item', n, 'paid' FROM generate_series(1, 2000) AS n
ON CONFLICT DO NOTHING
"""
# Nobody writes into their pages any more: a standby that applied the log to a damaged page
# would stop, or be mended by it.
FOR_GOOD = "VACUUM (FREEZE) orders"


@pytest.fixture
def world(replica: Environment) -> Environment:
    (bastion,) = select(replica, "bastion")
    done = bastion.run(
        ["psql", "--quiet", "--command", SOME_ORDERS, "--command", FOR_GOOD],
        within=timedelta(seconds=20),
    )
    assert done.exit_code == 0, done.stderr
    return replica


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_comes_is_seen_and_is_undone_by_anybody(
    world: Environment, fault: Fault
) -> None:
    planned = fault.plan(world)
    assert planned.unavailable(world) is None
    anybody = rebuild(json.loads(json.dumps(describe(planned))))
    anybody.revert(world)  # before there is anything to undo
    assert planned.has_gone(world)
    assert not planned.has_taken_effect(world)
    before = world.traces(among=planned.nodes())
    try:
        planned.inject(world)
        wait_until(
            f"{planned} to take effect",
            lambda: planned.has_taken_effect(world),
            at_most=EFFECT_WITHIN,
        )
        assert not planned.has_gone(world)
        assert planned.unavailable(world)
        assert world.traces(among=planned.nodes()) - before == planned.traces(world)
    finally:
        anybody.revert(world)
        anybody.revert(world)
    wait_until(f"{planned} to be gone", lambda: planned.has_gone(world), at_most=GONE_WITHIN)
    assert world.traces(among=planned.nodes()) == before
