"""What the release that runs asks of the database: its statements, word for word.

A change that one of them fails on is not backward compatible. A test of the project holds
them to be the service's own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, the types of its parameters, and a sample of them."""

    does: str
    sql: str
    types: str = ""
    sample: str = ""


STATEMENTS = (
    Statement(
        "takes an order",
        """
INSERT INTO orders (key, customer, item, amount_cents) VALUES ($1, $2, $3, $4)
ON CONFLICT (key) DO UPDATE SET key = excluded.key
RETURNING id, key, customer, item, amount_cents, status, xmax = 0 AS created
""",
        "text, text, text, bigint",
        "'migrate tries this', 'migrate', 'nothing', 1",
    ),
    Statement(
        "marks orders as paid",
        """
UPDATE orders SET status = 'paid' WHERE key = ANY($1::text[]) AND status = 'pending'
""",
        "text[]",
        "ARRAY['migrate tries this']",
    ),
    Statement(
        "claims orders to settle",
        """
UPDATE orders SET settle_after = now() + interval '2 seconds'
WHERE id IN (
    SELECT id FROM orders WHERE status = 'pending' AND settle_after < now()
    ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
)
RETURNING id, key, customer, item, amount_cents, status
""",
        "bigint",
        "1",
    ),
    Statement(
        "counts what is pending",
        """
SELECT count(*) AS orders,
       coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_seconds
FROM orders WHERE status = 'pending'
""",
    ),
    Statement(
        "finds an order",
        "SELECT id, key, customer, item, amount_cents, status FROM orders WHERE id = $1",
        "bigint",
        "0",
    ),
    Statement(
        "lists a customer's orders",
        """
SELECT id, key, amount_cents, status FROM orders
WHERE customer = $1 AND id > $2 ORDER BY id LIMIT $3
""",
        "text, bigint, bigint",
        "'migrate', 0, 1",
    ),
)
