"""Customers may leave a note with an order; nobody has to."""

from alembic import op

revision = "note"
down_revision = "baseline"
transactional = True
gives = frozenset({"column note text"})


def upgrade() -> None:
    op.execute("ALTER TABLE orders ADD COLUMN note text")


def downgrade() -> None:
    op.execute("ALTER TABLE orders DROP COLUMN IF EXISTS note")
