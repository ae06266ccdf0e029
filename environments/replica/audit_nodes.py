"""Who keeps the trail of who did what, and where intruders of a drill sit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.replica.topology import EAST, SHARED, Network, NodeSpec, Role

if TYPE_CHECKING:
    from environments.replica.topology import Passwords, Settings


def audit_nodes(settings: Settings, passwords: Passwords) -> tuple[NodeSpec, ...]:
    del passwords
    if not settings.secured:
        return ()
    return (
        _intruder("inside", EAST, Network.APPLICATION),
        _intruder("outside", SHARED, Network.ENTRANCE),
    )


def _intruder(where: str, region: str, network: Network) -> NodeSpec:
    """Describe a host that nobody should have: it has tools, and no credential of its own."""
    name = f"{Role.INTRUDER}-{where}"
    return NodeSpec(
        name=name,
        role=Role.INTRUDER,
        region=region,
        image="intruder",
        environment={"INTRUDER": name},
        networks=(network,),
    )
