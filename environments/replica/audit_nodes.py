"""Who keeps the trail of who did what, and where intruders of a drill sit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environments.replica.topology import NodeSpec, Passwords, Settings


def audit_nodes(settings: Settings, passwords: Passwords) -> tuple[NodeSpec, ...]:
    return ()
