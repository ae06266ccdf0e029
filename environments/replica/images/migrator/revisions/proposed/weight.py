"""Proposed, and harmless where it gets its lock at once: until then all wait behind it."""

from alembic import op

revision = "weight"
down_revision = "baseline"
transactional = True
gives = frozenset({"column weight_grams bigint"})


def upgrade() -> None:
    op.execute("ALTER TABLE orders ADD COLUMN weight_grams bigint")


def downgrade() -> None:
    op.execute("ALTER TABLE orders DROP COLUMN IF EXISTS weight_grams")
