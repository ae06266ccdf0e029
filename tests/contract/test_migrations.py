"""We believe that the schema is changed and changed back without anybody being harmed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import select
from fixtures.faults import BadMigration, describe, rebuild
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from environments.model import Environment

pytestmark = [
    pytest.mark.contract,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(migrations=True)),
]

EFFECT_WITHIN = timedelta(seconds=15)
GONE_WITHIN = timedelta(seconds=30)
SOME_ORDERS = """
INSERT INTO orders (key, customer, item, amount_cents, status)
SELECT 'contract-' || n, 'contract', 'item', n, 'paid' FROM generate_series(1, 2000) AS n
ON CONFLICT DO NOTHING
"""


def said(world: Environment, on: str, *command: str) -> str:
    (node,) = select(world, on)
    done = node.run(command, within=timedelta(seconds=60))
    assert done.exit_code == 0, done.stdout + done.stderr
    return done.stdout


def schema_of(world: Environment) -> list[str]:
    dumped = said(world, "bastion", "pg_dump", "--schema-only", "--schema=public")
    # Its guard against what a dump could smuggle in is random.
    return [line for line in dumped.splitlines() if "restrict " not in line]


def test_the_schema_is_changed_and_changed_back(replica: Environment) -> None:
    before = schema_of(replica)
    planned = said(replica, "migrator", "migrate", "plan")
    assert "ADD COLUMN note" in planned
    assert "CREATE INDEX CONCURRENTLY orders_by_day" in planned
    assert schema_of(replica) == before
    try:
        said(replica, "migrator", "migrate", "apply")
        changed = "\n".join(schema_of(replica))
        assert "all is well" in said(replica, "migrator", "migrate", "verify")
        assert "nothing to do" in said(replica, "migrator", "migrate", "apply")
        assert "rolled back: note" in said(replica, "migrator", "migrate", "back")
    finally:
        said(replica, "migrator", "migrate", "back", "baseline")
    assert " note text" in changed
    assert "INDEX orders_by_day ON" in changed
    assert schema_of(replica) == before


@pytest.mark.parametrize("revision", ["channel", "currency", "dearest"])
def test_a_bad_migration_comes_is_seen_and_is_undone_by_anybody(
    replica: Environment, revision: str
) -> None:
    said(replica, "bastion", "psql", "--quiet", "--command", SOME_ORDERS)
    before, schema = replica.traces(among=["east-migrator"]), schema_of(replica)
    fault = BadMigration("migrator", revision).plan(replica)
    assert fault.unavailable(replica) is None
    anybody = rebuild(json.loads(json.dumps(describe(fault))))
    anybody.revert(replica)
    assert fault.has_gone(replica)
    assert not fault.has_taken_effect(replica)
    try:
        fault.inject(replica)
        wait_until(
            f"{fault} to take effect",
            lambda: fault.has_taken_effect(replica),
            at_most=EFFECT_WITHIN,
        )
        assert not fault.has_gone(replica)
        assert fault.unavailable(replica)
        assert replica.traces(among=fault.nodes()) - before == fault.traces(replica)
    finally:
        anybody.revert(replica)
        anybody.revert(replica)
    wait_until(f"{fault} to be gone", lambda: fault.has_gone(replica), at_most=GONE_WITHIN)
    assert schema_of(replica) == schema
