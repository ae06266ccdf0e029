"""Orders of a day are found without reading all of them.

The index is built while orders are taken, which no transaction can hold. It says no IF NOT
EXISTS: what an earlier attempt left behind would count as done, and serve no query.
"""

from alembic import op

revision = "by_day"
down_revision = "note"
transactional = False
gives = frozenset({"index orders_by_day"})


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY orders_by_day ON orders (created_at)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS orders_by_day")
