"""What Alembic runs around every migration.

`migrate` brings a connection with time limits. Who types `alembic upgrade` has none: the
statements wait as long as they like, nobody looked before, and nobody looks afterwards.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from alembic import context

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCHEMA = "migrations"  # of Alembic's own table: the service's schema is the service's


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        version_table_schema=SCHEMA,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_by_hand() -> None:
    from migrating import by_hand  # type: ignore[import-not-found]  # noqa: PLC0415 - on the node

    if "upgrade" in sys.argv:
        by_hand.upgrade(str(context.get_revision_argument()), run)
    else:
        by_hand.connect(run)


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", version_table_schema=SCHEMA)
    with context.begin_transaction():
        context.run_migrations()
elif brought := context.config.attributes.get("connection"):
    run(brought)
else:
    run_by_hand()
