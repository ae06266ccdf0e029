"""A node on a network that it has no business on must be found out, by what it reaches."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.replica.replica import Replica
from environments.replica.topology import Network
from scenarios import test_networks_apart as scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.settings(Settings(secured=True)),
]


@contextmanager
def misplaced(world: Replica, node: str, network: Network) -> Iterator[None]:
    """Have a node stand on one more network, as people make that mistake."""
    container = world.started[node].container
    name = f"muster-{world.id}-{network}"
    container.engine.connect_container_to_network(container.id, name)
    try:
        yield
    finally:
        container.engine.disconnect_container_from_network(container.id, name)


def test_an_instance_that_stands_on_the_data_network_too_is_found(sabotaged: Sabotaged) -> None:
    world = sabotaged.drill.environment
    assert isinstance(world, Replica)
    with misplaced(world, "east-app-2", Network.DATA):
        sabotaged.must_be_missed(
            scenario.test_who_must_not_connect_cannot,
            "east-app-2 can connect to east-db-1:5432, and must not",
            "east-db-1 can connect to east-app-2:8000, and must not",
        )
