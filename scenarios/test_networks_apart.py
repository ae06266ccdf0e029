"""Networks are apart: who must not connect, cannot.

We believe that whoever breaks into one part of the stack has reached no other part by that:
who comes in at the entrance meets the edge and what it fetches its certificate from, instances
meet the databases and payments through ``links`` alone, and nobody but people's jump host and
what keeps secrets and the trail stands on several networks besides. Every node tries every
port that any other listens on, from its own network and by address; what may connect must, or
what is refused would prove nothing.
"""

import pytest

from environments.catalog import Settings
from fixtures.networks import Networks

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("SEC-3"),
    pytest.mark.settings(Settings(secured=True)),
]


def test_who_must_not_connect_cannot(networks: Networks) -> None:
    """Every node tries to connect to every other, and succeeds exactly where it may."""
    networks.prove()
