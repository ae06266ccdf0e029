"""Places for the next release of the orders service, and who deploys it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environments.replica.region import Region
    from environments.replica.topology import NodeSpec


def release_nodes(region: Region) -> tuple[NodeSpec, ...]:
    return ()
