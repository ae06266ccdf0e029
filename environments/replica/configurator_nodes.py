"""Who gives instances their settings while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environments.replica.topology import NodeSpec, Passwords, Settings


def configurator_nodes(settings: Settings, passwords: Passwords) -> tuple[NodeSpec, ...]:
    return ()
