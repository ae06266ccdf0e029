"""A node that comes back at another address is found there by those who lead others to it.

An engine gives a container that starts whatever address is free. The old one may be another
node's by then, so whoever remembers it leads customers to a stranger.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
import requests

from environments.catalog import Settings
from environments.replica.checks import servers_up
from environments.replica.nodes import ContainerNode
from environments.replica.probes import http_ok
from environments.replica.replica import Replica
from environments.selectors import find_node
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Environment

pytestmark = [pytest.mark.contract, pytest.mark.settings(Settings(second_region=True))]

# What a router remembers of a silent name lasts for a minute and longer.
FOUND_WITHIN = timedelta(seconds=30)
WHOLE_WITHIN = timedelta(seconds=60)


@pytest.fixture
def regions(environment: Environment) -> Iterator[Replica]:
    """Lend both regions; a test leaves them as whole as it found them."""
    assert isinstance(environment, Replica)
    yield environment
    wait_until(
        "both regions to be whole after the test",
        lambda: not environment.deviations(),
        at_most=WHOLE_WITHIN,
        why_not=lambda _: "; ".join(environment.deviations()),
    )


def restart_elsewhere(regions: Replica, name: str) -> None:
    """Let the node and payments take each other's address.

    Whoever had the higher one is started first, and an engine gives the lowest that is free.
    """
    node, payments = find_node(regions, name), find_node(regions, "payments")
    assert isinstance(node, ContainerNode)
    assert isinstance(payments, ContainerNode)
    before = node.container.address()
    by_address = sorted((node, payments), key=lambda one: ip_address(one.container.address()))
    for one in by_address:
        one.kill()
    for one in reversed(by_address):
        one.start()
    if node.container.address() == before:
        pytest.skip("this engine gave the node the address that it had before")


def test_customers_are_led_to_the_region(regions: Replica) -> None:
    restart_elsewhere(regions, "east-edge")
    wait_until(
        "customers to be led to the region at its new address",
        lambda: requests.get(f"{regions.entrance}/health/ready", timeout=2).ok,
        at_most=FOUND_WITHIN,
    )


def test_sessions_are_led_to_the_database(regions: Replica) -> None:
    restart_elsewhere(regions, "east-db-1")
    port = regions.started["east-db-router"].port(8404)

    def led_to() -> set[str]:
        told = http_ok(port, "/stats;csv")
        return {*servers_up(told, "primary"), *servers_up(told, "replicas")}

    wait_until(
        "sessions to be led to the database at its new address",
        lambda: "east-db-1" in led_to(),
        at_most=FOUND_WITHIN,
        why_not=lambda _: f"led to {sorted(led_to())}",
    )
