"""One world: what its resources are called, labelled with, and where they are written down."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.model import Register, Resource

WORLD_LABEL = "muster.run"
NODE_LABEL = "muster.node"
OWNER_LABEL = "muster.owner"
BOUNDS_LABEL = "muster.bounds"  # what a node was made with, as JSON of its HostConfig
TOOLS_LABEL = "muster.tools"  # the image of a node's sidecars, for whoever attaches

CONTAINER = "container"
NETWORK = "network"
VOLUME = "volume"


class Unregistered:
    """A register in which nobody writes anything down."""

    def planned(self, resource: Resource) -> None:
        del resource

    made = gone = planned


@dataclass(frozen=True, slots=True)
class World:
    """A world's id, the process that owns it, and the register of what is made for it."""

    id: str
    owner: str = ""
    register: Register = field(default_factory=Unregistered, repr=False)

    @property
    def labels(self) -> Mapping[str, str]:
        """What everything of this world carries."""
        return {WORLD_LABEL: self.id, OWNER_LABEL: self.owner}

    @property
    def network(self) -> str:
        return f"muster-{self.id}"

    def network_called(self, name: str) -> str:
        """Name one of several networks."""
        return f"{self.network}-{name}"

    def node(self, name: str) -> str:
        """Name the container of a node."""
        return f"{self.network}-{name}"

    def sidecar(self) -> str:
        """Name one more sidecar."""
        return f"{self.network}-sidecar-{secrets.token_hex(4)}"
