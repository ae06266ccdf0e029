"""The orders in the database: every statement that changes them, and the schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from .calls import Calls
    from .database import Connection

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

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create_schema(self) -> None:
        """Create what is not there yet; any number of instances may do so at once."""

        async def create(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
                if await connection.fetchval("SELECT to_regclass('orders') IS NULL"):
                    await connection.execute(_SCHEMA)

        await self._calls.ask(create, within=SCHEMA_SECONDS)

    async def insert(self, new: NewOrder, *, within: float) -> tuple[Order, bool]:
        """Commit the order as pending; the order under that key, and whether it is new.

        The commit, and so the return, waits for the synchronous standby.
        """
        values = new.key, new.customer, new.item, new.amount_cents
        row = await self._calls.ask(
            lambda connection: connection.fetchrow(_INSERT, *values), within=within
        )
        if row is None:
            raise AssertionError("INSERT … DO UPDATE … RETURNING always gives a row")
        return order_of(row), row["created"]

    async def mark_paid(self, keys: Sequence[str]) -> None:
        await self._calls.ask(
            lambda connection: connection.execute(_MARK_PAID, keys), within=SETTLE_SECONDS
        )

    async def claim(self, most: int) -> list[Order]:
        """Lease the oldest pending orders that nobody works on, for two seconds."""
        rows = await self._calls.ask(
            lambda connection: connection.fetch(_CLAIM, most), within=SETTLE_SECONDS
        )
        return [order_of(row) for row in rows]

    async def pending(self) -> Pending:
        row = await self._calls.ask(
            lambda connection: connection.fetchrow(_PENDING), within=SETTLE_SECONDS
        )
        if row is None:
            raise AssertionError("count(*) always gives a row")
        return Pending(row["orders"], row["oldest_seconds"])


def order_of(row: asyncpg.Record) -> Order:
    return Order(
        id=row["id"],
        key=row["key"],
        customer=row["customer"],
        item=row["item"],
        amount_cents=row["amount_cents"],
        status=row["status"],
    )
