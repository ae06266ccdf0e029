"""Who changes the databases' schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.replica.topology import EAST, NodeSpec, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.replica.topology import Passwords, Settings

HISTORY_PORT = 9200


def migrator_nodes(settings: Settings, passwords: Passwords) -> tuple[NodeSpec, ...]:
    """Describe the node that has Alembic and `migrate`, where there is one."""
    if not settings.migrations:
        return ()
    migrator = NodeSpec(
        name=f"{EAST}-{Role.MIGRATOR}",
        role=Role.MIGRATOR,
        region=EAST,
        image="migrator",
        ports=(HISTORY_PORT,),
        environment={
            "PGHOST": f"{EAST}-{Role.DB_ROUTER}",
            "PGUSER": "migrator",
            "PGPASSWORD": passwords.migrator,
            "PGDATABASE": "orders",
            "CHECKS": "on" if settings.checks_migrations else "off",
        },
    )
    return (migrator,)


def migrators_login(settings: Settings, passwords: Passwords) -> Mapping[str, str]:
    """Give what a database is told of the migrator's role; without it, it makes none."""
    return {"MIGRATOR_PASSWORD": passwords.migrator} if settings.migrations else {}
