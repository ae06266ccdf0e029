"""We believe that whoever changes an order is in the trail, and cannot help it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import find_node
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from environments.model import Completed, Environment

pytestmark = [pytest.mark.contract, pytest.mark.settings(Settings(secured=True))]

WITHIN = timedelta(seconds=20)
BROUGHT_WITHIN = timedelta(seconds=10)
# As the service: whoever holds its credential can do what it can, and no more.
AS_SERVICE = """
psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 \
  --command 'SET ROLE orders' --command "$SQL"
"""
# Paid already: the service leaves it alone.
MAKE = """
INSERT INTO orders (key, customer, item, amount_cents, status)
VALUES ('{key}', 'ada', 'lifejacket', 9, 'paid')
"""
TRIGGERS = """
SELECT count(*) FROM pg_trigger
WHERE tgrelid = 'orders'::regclass AND tgname LIKE 'noted%' AND tgenabled = 'A'
"""


def as_service(replica: Environment, sql: str) -> Completed:
    bastion = find_node(replica, "bastion")
    return bastion.run(["sh", "-euc", AS_SERVICE], within=WITHIN, variables={"SQL": sql})


def entries(replica: Environment) -> list[dict[str, object]]:
    trail = find_node(replica, "east-audit").run(
        ["cat", "/var/lib/audit/trail.jsonl"], within=WITHIN
    )
    return [json.loads(line)["entry"] for line in trail.stdout.splitlines()]


def brought(replica: Environment, key: str, actions: list[str]) -> bool:
    return actions == [
        str(entry["action"])
        for entry in entries(replica)
        if str(entry["action"]).startswith("row") and key in json.dumps(entry["details"])
    ]


def test_every_change_of_an_order_is_brought_into_a_trail_that_is_whole(
    replica: Environment,
) -> None:
    for sql in (
        MAKE.format(key="trail-1"),
        "UPDATE orders SET customer = 'eve' WHERE key = 'trail-1'",
        "UPDATE orders SET settle_after = now() WHERE key = 'trail-1'",  # changes nothing
        "DELETE FROM orders WHERE key = 'trail-1'",
    ):
        done = as_service(replica, sql)
        assert done.exit_code == 0, done.stderr
    wait_until(
        "the changes to be in the trail",
        lambda: brought(replica, "trail-1", ["row made", "row changed", "row deleted"]),
        at_most=BROUGHT_WITHIN,
    )
    verified = find_node(replica, "east-audit").run(["audit", "verify"], within=WITHIN)
    assert verified.exit_code == 0, verified.stderr


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO audit.events (action) VALUES ('login')",
        "DELETE FROM audit.events",
        "UPDATE audit.anchors SET hash = ''",
        "DROP EVENT TRIGGER note_login",
        "DROP FUNCTION audit.note_row() CASCADE",
        "ALTER FUNCTION audit.note_row() OWNER TO orders",
        "SET session_replication_role = replica",
    ],
)
def test_the_service_can_change_no_note_and_no_rule(replica: Environment, sql: str) -> None:
    done = as_service(replica, sql)
    assert done.exit_code != 0
    assert "permission denied" in done.stderr or "must be owner" in done.stderr


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE orders DISABLE TRIGGER noted",
        "ALTER TABLE orders DISABLE TRIGGER ALL",
        "ALTER TABLE orders ENABLE REPLICA TRIGGER noted",
        "DROP TRIGGER noted ON orders",
    ],
)
def test_who_owns_the_table_cannot_switch_its_notes_off(replica: Environment, sql: str) -> None:
    as_service(replica, sql)
    assert as_service(replica, TRIGGERS).stdout.strip() == "2"
