"""Proposed, and bad: the release that runs names no currency in its orders, and must now."""

from alembic import op

revision = "currency"
down_revision = "baseline"
transactional = True
gives = frozenset({"column currency text not null"})


def upgrade() -> None:
    op.execute("ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR'")
    op.execute("ALTER TABLE orders ALTER COLUMN currency DROP DEFAULT")


def downgrade() -> None:
    op.execute("ALTER TABLE orders DROP COLUMN IF EXISTS currency")
