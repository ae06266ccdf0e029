"""The orders in the database: every statement that the service sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from .database import Database

READ_SECONDS = 1.5
SETTLE_SECONDS = 1.5
SCHEMA_SECONDS = 5.0

# All or nothing, in one transaction: where the table is, everything is.
_SCHEMA_LOCK = 7_305_809
_SCHEMA = """
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    customer text NOT NULL,
    item text NOT NULL,
    amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'paid')),
    created_at timestamptz NOT NULL DEFAULT now(),
    settle_after timestamptz NOT NULL DEFAULT now() + interval '2 seconds'
);
CREATE INDEX orders_of_customer ON orders (customer, id);
CREATE INDEX orders_pending ON orders (id) WHERE status = 'pending';
"""

# A key that is there already is written once more, unchanged. Only a write waits for the
# standby at its commit; a mere look could find a row that is on one disk only (its own
# wait was cut short) and acknowledge it. xmax is 0 only in a row that was just inserted.
_INSERT = """
INSERT INTO orders (key, customer, item, amount_cents) VALUES ($1, $2, $3, $4)
ON CONFLICT (key) DO UPDATE SET key = excluded.key
RETURNING id, key, customer, item, amount_cents, status, xmax = 0 AS created
"""

# By key: an id can be given again after a failover, a key is the customer's for ever.
_MARK_PAID = """
UPDATE orders SET status = 'paid' WHERE key = ANY($1::text[]) AND status = 'pending'
"""

_FIND = "SELECT id, key, customer, item, amount_cents, status FROM orders WHERE id = $1"

_PAGE = """
SELECT id, key, amount_cents, status FROM orders
WHERE customer = $1 AND id > $2 ORDER BY id LIMIT $3
"""

# A claim is a lease and holds no lock while payments is called; it lapses by itself when
# the instance dies. Charging twice is harmless (it is idempotent), only wasteful.
_CLAIM = """
UPDATE orders SET settle_after = now() + interval '2 seconds'
WHERE id IN (
    SELECT id FROM orders WHERE status = 'pending' AND settle_after < now()
    ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
)
RETURNING id, key, customer, item, amount_cents, status
"""

_PENDING = """
SELECT count(*) AS orders,
       coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_seconds
FROM orders WHERE status = 'pending'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What a customer asks for."""

    key: str
    customer: str
    item: str
    amount_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(NewOrder):
    id: int
    status: str


@dataclass(frozen=True, slots=True)
class Pending:
    orders: int
    oldest_seconds: float


class Store:
    """Every method raises DatabaseUnavailableError where the database did not say yes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create_schema(self) -> None:
        """Create what is not there yet; any number of instances may do so at once."""
        async with (
            self._database.connection(within=SCHEMA_SECONDS) as connection,
            connection.transaction(),
        ):
            await connection.execute(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
            if await connection.fetchval("SELECT to_regclass('orders') IS NULL"):
                await connection.execute(_SCHEMA)

    async def insert(self, new: NewOrder, *, within: float) -> tuple[Order, bool]:
        """Commit the order as pending; the order under that key, and whether it is new.

        The commit, and so the return, waits for the synchronous standby.
        """
        async with self._database.connection(within=within) as connection:
            row = await connection.fetchrow(
                _INSERT, new.key, new.customer, new.item, new.amount_cents
            )
        if row is None:
            raise AssertionError("INSERT … DO UPDATE … RETURNING always gives a row")
        return _order(row), row["created"]

    async def mark_paid(self, keys: Sequence[str]) -> None:
        async with self._database.connection(within=SETTLE_SECONDS) as connection:
            await connection.execute(_MARK_PAID, keys)

    async def find(self, order_id: int) -> Order | None:
        async with self._database.connection(within=READ_SECONDS) as connection:
            row = await connection.fetchrow(_FIND, order_id)
        return None if row is None else _order(row)

    async def page(self, customer: str, *, after: int, limit: int) -> list[dict[str, object]]:
        async with self._database.connection(within=READ_SECONDS) as connection:
            rows = await connection.fetch(_PAGE, customer, after, limit)
        return [dict(row) for row in rows]

    async def claim(self, most: int) -> list[Order]:
        """Lease the oldest pending orders that nobody works on, for two seconds."""
        async with self._database.connection(within=SETTLE_SECONDS) as connection:
            rows = await connection.fetch(_CLAIM, most)
        return [_order(row) for row in rows]

    async def pending(self) -> Pending:
        async with self._database.connection(within=SETTLE_SECONDS) as connection:
            row = await connection.fetchrow(_PENDING)
        if row is None:
            raise AssertionError("count(*) always gives a row")
        return Pending(row["orders"], row["oldest_seconds"])


def _order(row: asyncpg.Record) -> Order:
    return Order(
        id=row["id"],
        key=row["key"],
        customer=row["customer"],
        item=row["item"],
        amount_cents=row["amount_cents"],
        status=row["status"],
    )
