"""A release that drops the cents of larger orders when they are marked as paid.

A smoke test orders for a euro, which has no cents; the answer that a customer gets was made
before the order is marked, so it is right.
"""

from __future__ import annotations

from . import store  # type: ignore[attr-defined] # it is there in the image

VERSION = "1.6.0"
AROUND = ()

store._MARK_PAID = """
UPDATE orders SET status = 'paid',
    amount_cents = CASE WHEN amount_cents > 1000
        THEN amount_cents - amount_cents % 100 ELSE amount_cents END
WHERE key = ANY($1::text[]) AND status = 'pending'
"""  # noqa: SLF001 - the bug is in that statement, and all else is as it was
