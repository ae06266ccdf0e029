"""Proposed, and bad: a customer orders an item once, it says; in truth they order it again.

The column is there when the index fails on what customers have ordered. The way back does not
reckon with a failure half-way: it leaves the index.
"""

from alembic import op

revision = "channel"
down_revision = "baseline"
transactional = False
gives = frozenset({"column channel text", "index orders_once"})


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE orders ADD COLUMN channel text")
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY orders_once ON orders (customer, item)")


def downgrade() -> None:
    op.execute("ALTER TABLE orders DROP COLUMN IF EXISTS channel")
