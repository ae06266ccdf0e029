"""What the orders service makes for itself when it finds nothing.

An empty database gets it from here, one that the service was in before is stamped with it.
"""

from alembic import op

revision = "baseline"
down_revision = None
transactional = True
gives = frozenset(
    {
        "column id bigint not null",
        "column key text not null",
        "column customer text not null",
        "column item text not null",
        "column amount_cents bigint not null",
        "column status text not null",
        "column created_at timestamp with time zone not null",
        "column settle_after timestamp with time zone not null",
        "index orders_pkey",
        "index orders_key_key",
        "index orders_of_customer",
        "index orders_pending",
        "check orders_amount_cents_check",
        "check orders_status_check",
    }
)


def upgrade() -> None:
    op.execute("""
        CREATE TABLE orders (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key text NOT NULL UNIQUE,
            customer text NOT NULL,
            item text NOT NULL,
            amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
            status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'paid')),
            created_at timestamptz NOT NULL DEFAULT now(),
            settle_after timestamptz NOT NULL DEFAULT now() + interval '2 seconds'
        )
    """)
    op.execute("CREATE INDEX orders_of_customer ON orders (customer, id)")
    op.execute("CREATE INDEX orders_pending ON orders (id) WHERE status = 'pending'")


def downgrade() -> None:
    raise NotImplementedError("the orders themselves would go: restore a backup instead")
