"""Who changes the databases' schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environments.replica.topology import NodeSpec, Passwords, Settings


def migrator_nodes(settings: Settings, passwords: Passwords) -> tuple[NodeSpec, ...]:
    return ()
