"""Who keeps the trail of who did what, and where intruders of a drill sit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.replica.topology import EAST, SHARED, Network, NodeSpec, Role

if TYPE_CHECKING:
    from environments.replica.topology import Settings

AUDIT_PORT = 9300
AUDIT = f"{EAST}-{Role.AUDIT}"
AUDIT_URL = f"http://{AUDIT}:{AUDIT_PORT}"


def audit_nodes(settings: Settings) -> tuple[NodeSpec, ...]:
    if not settings.secured:
        return ()
    return (
        _audit(),
        _intruder("inside", EAST, Network.APPLICATION),
        _intruder("outside", SHARED, Network.ENTRANCE),
    )


def _audit() -> NodeSpec:
    return NodeSpec(
        name=AUDIT,
        role=Role.AUDIT,
        region=EAST,
        image="audit",
        ports=(AUDIT_PORT,),
        environment={
            "DATABASE_HOST": f"{EAST}-{Role.DB_ROUTER}",
            # Only who is an instance may say which sessions are its own.
            "INSTANCES": f"{EAST}-{Role.APP}-,{EAST}-{Role.GREEN}-",
        },
        networks=(Network.APPLICATION, Network.DATA, Network.OPERATIONS),
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
