"""We believe what the replica promises beyond what every environment does.

It heals alone where it should, each of its parts is missed when it is away, two of them
do not see each other, and nothing of a run outlives it.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from environments.catalog import open_environment
from environments.model import Killable, NotReadyError, Pausable, WorldError
from environments.replica import opening
from environments.replica.containers import connect
from environments.replica.image_builder import build_images
from environments.replica.ports import PORTS
from environments.replica.removing import found_worlds, remove_world
from environments.replica.topology import Settings
from environments.selectors import find_node
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Environment, Node

pytestmark = pytest.mark.contract

SECOND = timedelta(seconds=1)
WHOLE_WITHIN = timedelta(seconds=60)
NUMBERS = count(1)


@pytest.fixture
def steady(replica: Environment) -> Iterator[Environment]:
    """Lend the replica; a test leaves it as whole as it found it."""
    yield replica
    for node in replica.nodes:
        if isinstance(node, Pausable):
            node.resume()
        if isinstance(node, Killable):
            node.start()
    wait_until(
        "the replica to be whole after the test",
        lambda: not replica.deviations(),
        at_most=WHOLE_WITHIN,
        why_not=lambda _: "; ".join(replica.deviations()),
    )


def place_order(environment: Environment) -> int:
    """Place one order, and return the HTTP status, or 0 where no answer came."""
    address = urlsplit(environment.entrance)
    connection = http.client.HTTPConnection(address.netloc, timeout=3)
    order = json.dumps({"customer": "contract", "item": "oar", "amount_cents": 1})
    headers = {
        "Idempotency-Key": f"contract-{next(NUMBERS)}",
        "Content-Type": "application/json",
    }
    try:
        connection.request("POST", "/orders", order, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def in_state(environment: Environment, state: str) -> Node:
    name = next(name for name, is_in in environment.states("db").items() if is_in == state)
    return find_node(environment, name)


@pytest.mark.nightly
def test_a_killed_primary_is_replaced_by_the_standby_and_comes_back_as_a_replica(
    steady: Environment,
) -> None:
    assert place_order(steady) == 201
    primary, standby = in_state(steady, "primary"), in_state(steady, "standby")
    assert isinstance(primary, Killable)
    primary.kill()
    wait_until(
        "customers to write again",
        lambda: place_order(steady) == 201,
        at_most=steady.longest_lease + 20 * SECOND,
    )
    assert steady.states("db")[standby.name] == "primary"
    primary.start()
    wait_until("the replica to be whole", lambda: not steady.deviations(), at_most=WHOLE_WITHIN)
    assert steady.states("db")[primary.name] in {"standby", "replica"}


@pytest.mark.parametrize(
    "name",
    [
        "east-cache-1",
        "east-etcd-2",
        "payments",
        "links",
        "bastion",
        "east-edge",
        "east-db-router",
    ],
)
def test_a_part_that_is_dead_is_missed_and_works_again_once_started(
    steady: Environment, name: str
) -> None:
    node = find_node(steady, name)
    assert isinstance(node, Killable)
    node.kill()
    assert f"{name} is exited" in steady.deviations()
    node.start()
    wait_until("the replica to be whole", lambda: not steady.deviations(), at_most=WHOLE_WITHIN)


def test_a_dead_standby_is_missed_although_customers_notice_nothing(
    steady: Environment,
) -> None:
    replica = in_state(steady, "replica")
    assert isinstance(replica, Killable)
    replica.kill()
    assert f"{replica.name} is exited" in steady.deviations()
    assert place_order(steady) == 201


def test_the_state_of_the_databases_is_known_while_some_of_them_are_silent(
    steady: Environment,
) -> None:
    before = steady.states("db")
    for name in ("east-db-1", "east-db-2", "east-etcd-1"):
        node = find_node(steady, name)
        assert isinstance(node, Pausable)
        node.pause()
    assert steady.states("db") == before


def test_without_a_majority_of_the_store_nobody_claims_to_know_the_primary(
    steady: Environment,
) -> None:
    for name in ("east-etcd-1", "east-etcd-2"):
        node = find_node(steady, name)
        assert isinstance(node, Pausable)
        node.pause()
    with pytest.raises(WorldError, match=r"word from etcd .* did not come"):
        steady.states("db")


def test_a_command_that_its_node_froze_is_given_up(steady: Environment) -> None:
    payments = find_node(steady, "payments")
    assert isinstance(payments, Pausable)
    payments.pause()
    with pytest.raises(WorldError, match="payments"):
        payments.run(["true"], within=SECOND)


@pytest.mark.parametrize(
    "command",
    [
        ["psql", "-Atc", "select pg_is_in_recovery()"],
        ["patronictl", "list"],
        ["sh", "-c", 'curl -fsS "$EDGE/health/ready"'],
        ["sh", "-c", 'redis-cli -h "$REDIS_HOST" ping'],
        ["etcdctl", "endpoint", "health"],
        ["supervisorctl", "-s", "http://east-app-1:9001", "status", "orders"],
        ["ping", "-c", "1", "east-db-1"],
        ["jq", "--version"],
    ],
    ids=lambda command: command[0],
)
def test_an_operator_finds_the_tools_and_they_find_the_stack(
    steady: Environment, command: list[str]
) -> None:
    done = find_node(steady, "bastion").run(command, within=20 * SECOND)
    assert done.exit_code == 0, done


def test_orders_are_acknowledged_by_the_synchronous_standby(steady: Environment) -> None:
    answer = find_node(steady, "bastion").run(
        ["psql", "-Atc", "select sync_state from pg_stat_replication order by 1"],
        within=10 * SECOND,
    )
    assert answer.stdout.split() == ["async", "sync"]


def test_a_port_is_open_on_this_host_alone(steady: Environment) -> None:
    port = urlsplit(steady.entrance).port
    assert port in PORTS
    listening = subprocess.run(
        ["docker", "ps", "--format", "{{.Ports}}"], capture_output=True, text=True, check=True
    ).stdout
    ours = [entry for entry in listening.split(", ") if f":{port}->" in entry]
    assert ours
    assert all(entry.strip().startswith("127.0.0.1:") for entry in ours)


def leftovers(run: str) -> list[str]:
    engine = connect()
    try:
        worlds = found_worlds(engine)
    finally:
        engine.close()
    return [str(part) for world in worlds if world.id == run for part in world.resources]


def test_another_replica_beside_it_is_another_world_and_leaves_nothing_behind(
    steady: Environment,
) -> None:
    run = "contract-asynchronous"
    settings = Settings(synchronous=False, circuit_breaker=False)
    with open_environment("replica", run=run, say=print, settings=settings) as other:
        assert other.entrance != steady.entrance
        assert "standby" not in other.states("db").values()
        answer = find_node(other, "bastion").run(
            ["psql", "-Atc", "select sync_state from pg_stat_replication"], within=10 * SECOND
        )
        assert answer.stdout.split() == ["async", "async"]
        cache = find_node(other, "east-cache-1")
        assert isinstance(cache, Killable)
        cache.kill()
        assert "east-cache-1 is exited" in other.deviations()
        assert list(steady.deviations()) == []
        assert leftovers(run)
    assert leftovers(run) == []


def test_a_part_that_does_not_start_is_named_and_nothing_is_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = "contract-broken"
    images = build_images(None, print)
    broken = {**images, "etcd": images["redis"]}  # a Redis that is told to be etcd
    monkeypatch.setattr(opening, "build_images", lambda *_: broken)
    monkeypatch.setattr("environments.replica.starting.READY_SECONDS", 3)
    with (
        pytest.raises(NotReadyError, match=r"(?s)east-etcd-\d was not ready .*Redis"),
        open_environment("replica", run=run, say=print),
    ):
        pytest.fail("it was handed over")
    assert leftovers(run) == []


def test_removing_what_is_gone_already_is_no_failure() -> None:
    engine = connect()
    try:
        remove_world(engine, "contract-never-was")
    finally:
        engine.close()


def test_the_entrance_stays_where_it_is_when_the_edge_is_killed(steady: Environment) -> None:
    edge = find_node(steady, "east-edge")
    assert isinstance(edge, Killable)
    entrance = steady.entrance
    edge.kill()
    address = urlsplit(entrance)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((str(address.hostname), address.port or 0), timeout=2)
    edge.start()
    wait_until("customers to get in", lambda: place_order(steady) == 201, at_most=WHOLE_WITHIN)
    assert steady.entrance == entrance
