"""Where customers of a secured world log in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.replica.audit_nodes import AUDIT_URL
from environments.replica.topology import EAST, Network, NodeSpec, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.replica.topology import Passwords, Settings

PORT, SUPERVISOR_PORT = 8081, 9001
NAME = f"{EAST}-{Role.AUTH}"


def auth_nodes(settings: Settings, passwords: Passwords) -> tuple[NodeSpec, ...]:
    """Describe the one door that everybody logs in at; nobody where no world is secured."""
    if not settings.secured:
        return ()
    return (
        NodeSpec(
            name=NAME,
            role=Role.AUTH,
            region=EAST,
            image="auth",
            ports=(PORT,),
            environment={
                "TOKEN_KEY": passwords.token_key,
                "TRAIL_URL": AUDIT_URL,
                "EDGE": f"{EAST}-{Role.EDGE}",
                "LOCKOUT": "on" if settings.limits else "off",
            },
            networks=(Network.APPLICATION, Network.OPERATIONS),
        ),
    )


def of_instance(settings: Settings) -> Mapping[str, str]:
    """Give the variables by which an instance knows whom to ask about tokens."""
    if not settings.secured:
        return {}
    needed = "on" if settings.health_needs_auth else "off"
    return {"AUTH_URL": f"http://{NAME}:{PORT}", "AUTH_NEEDED": needed}


def of_edge(settings: Settings) -> Mapping[str, str]:
    """Give the variables by which an edge leads to it, and bounds who asks too much."""
    if not settings.secured:
        return {}
    return {"SECURED": "on", "LIMITS": "on" if settings.limits else "off"}
