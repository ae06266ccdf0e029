"""We believe that just a share of customers meets a release, edges that restart or not.

On the replica: HAProxy's weights do what they are meant to.
"""

from __future__ import annotations

import http.client
import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from environments.catalog import Settings
from environments.model import Changing, Environment, Killable
from environments.selectors import find_node
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

# a world of its own: half a minute
pytestmark = [
    pytest.mark.contract,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(release="next", release_policy="standard")),
]

SOON = timedelta(seconds=40)
ASKED = 500
LIVE, NEXT = "1.0.0", "1.1.0"


@pytest.fixture
def world(replica: Environment) -> Iterator[Environment]:
    yield replica
    people(replica, "rollback")
    wait_until("the replica to be whole", lambda: not replica.deviations(), at_most=SOON)


def people(world: Environment, what: str) -> str:
    done = find_node(world, "east-deployer").run(["deploy", what], within=SOON)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def share_that_meets_it(world: Environment) -> float:
    """Ask the customers' entrance, over one connection after the other, which release it is."""
    host = urlsplit(world.entrance).netloc
    met: Counter[str] = Counter()
    for _ in range(ASKED):
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.request("GET", "/health/live")
        met[json.loads(connection.getresponse().read())["release"]] += 1
        connection.close()
    assert met.keys() <= {LIVE, NEXT}
    return met[NEXT] / ASKED


def answers(world: Environment) -> bool:
    """Whether the entrance is up, and has found its instances."""
    try:
        with urlopen(f"{world.entrance}/health/live", timeout=5) as answer:  # noqa: S310 - http
            return bool(answer.status == http.client.OK)
    except (OSError, http.client.HTTPException):
        return False


def wait_for_phase(world: Environment, phase: str) -> None:
    wait_until(phase, lambda: f"; {phase}\n" in people(world, "status"), at_most=SOON)


def test_a_tenth_of_customers_meets_it_then_half_and_after_a_restart_of_the_edge(
    world: Environment,
) -> None:
    people(world, "start")
    wait_for_phase(world, "serving")
    assert share_that_meets_it(world) == pytest.approx(0.1, abs=0.02)
    people(world, "promote")
    wait_for_phase(world, "serving")
    assert share_that_meets_it(world) == pytest.approx(0.5, abs=0.02)
    edge = find_node(world, "east-edge")
    assert isinstance(edge, Killable)
    edge.kill()
    edge.start()
    wait_until(
        "the edge to lead half of customers to it again",
        lambda: answers(world) and share_that_meets_it(world) == pytest.approx(0.5, abs=0.02),
        at_most=SOON,
    )
    assert isinstance(world, Changing)
    events = [one.event for one in world.changes("east-deployer", 0)]
    assert events[-2:] == ["judged", "stage"]
