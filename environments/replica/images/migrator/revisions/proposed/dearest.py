"""Proposed, and bad: no order is dearer, it says; the sample is not, customers' are."""

from alembic import op

revision = "dearest"
down_revision = "baseline"
transactional = True
gives = frozenset({"check orders_dearest"})


def upgrade() -> None:
    op.execute("""
        ALTER TABLE orders ADD CONSTRAINT orders_dearest
        CHECK (amount_cents <= 50000) NOT VALID
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_dearest")
