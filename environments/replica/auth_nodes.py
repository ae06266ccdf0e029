"""Where customers of a secured world log in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environments.replica.topology import NodeSpec, Passwords, Settings


def auth_nodes(settings: Settings, passwords: Passwords) -> tuple[NodeSpec, ...]:
    return ()
