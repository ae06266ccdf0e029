"""We believe what is left of the service can be had, and that what it refuses is not done.

Without a primary orders are read, with their age, and none is made; people can shed load at
the entrance and take instances out of rotation there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from environments.catalog import Settings
from environments.model import Killable
from environments.selectors import find_node
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Completed, Environment

# a world of its own: half a minute
pytestmark = [
    pytest.mark.contract,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(read_only=True)),
]

SOON = timedelta(seconds=30)
WHOLE_WITHIN = timedelta(seconds=90)
ASKED = 60


@dataclass(frozen=True, slots=True)
class Shop:
    """The replica as customers see it, and its entrance as people do."""

    replica: Environment
    client: httpx.Client

    def create(self, key: str) -> httpx.Response:
        order = {"customer": "minimum", "item": "oar", "amount_cents": 1}
        return self.client.post("/orders", json=order, headers={"Idempotency-Key": key})

    def readiness(self) -> str:
        return str(self.client.get("/health/ready").json().get("status"))

    def at_entrance(self, *command: str) -> Completed:
        return find_node(self.replica, "east-edge").run(command, within=SOON)


@pytest.fixture
def shop(replica: Environment) -> Iterator[Shop]:
    """Lend the replica; a test leaves it as whole as it found it."""
    with httpx.Client(base_url=replica.entrance, timeout=5) as client:
        shop = Shop(replica, client)
        yield shop
        shop.at_entrance("shed", "0")
        shop.at_entrance("rotation", "ready", "east-app-2")
    for node in replica.nodes:
        if isinstance(node, Killable):
            node.start()
    wait_until(
        "the replica to be whole after the test",
        lambda: not replica.deviations(),
        at_most=WHOLE_WITHIN,
        why_not=lambda _: "; ".join(replica.deviations()),
    )


def test_without_a_primary_orders_are_read_with_their_age_and_none_is_made(shop: Shop) -> None:
    made = shop.create("minimum-1")
    assert made.status_code == 201
    _must_be_readable(shop, made.json())
    _stop_failover(shop)
    primary = _primary(shop)
    primary.kill()
    try:
        wait_until("instances to be read-only", lambda: _all_read_only(shop), at_most=SOON)
        read = shop.client.get("/orders?customer=minimum")
        assert made.json()["key"] in {order["key"] for order in read.json()["orders"]}
        assert int(read.headers["Age"]) >= 0
        refused = shop.create("minimum-2")
        assert (refused.status_code, refused.json()["done"]) == (503, False)
        assert refused.headers["Retry-After"]
    finally:
        primary.start()
        _patronictl(shop, "resume")
    wait_until("orders to be taken", lambda: _is_taken(shop, "minimum-3"), at_most=SOON)
    everything = shop.client.get("/orders?customer=minimum")
    assert "Age" not in everything.headers
    assert "minimum-2" not in {order["key"] for order in everything.json()["orders"]}


def _must_be_readable(shop: Shop, order: dict[str, Any]) -> None:
    """A synchronous standby has an order on its disk, and shows it a moment later."""
    wait_until(
        "replicas to show the order",
        lambda: all(
            find_node(shop.replica, "bastion")
            .run(["psql", "-h", name, "-Atc", _count(order["key"])], within=SOON)
            .stdout
            == "1\n"
            for name in shop.replica.states("db")
        ),
        at_most=SOON,
    )


def _count(key: str) -> str:
    return f"SELECT count(*) FROM orders WHERE key = '{key}'"  # noqa: S608 - ours


def _stop_failover(shop: Shop) -> None:
    _patronictl(shop, "pause")


def _patronictl(shop: Shop, word: str) -> None:
    done = find_node(shop.replica, "bastion").run(
        ["patronictl", word, "--wait", "muster"], within=SOON
    )
    assert done.exit_code == 0, done.stderr


def _primary(shop: Shop) -> Killable:
    states = shop.replica.states("db")
    name = next(name for name in states if states[name] == "primary")
    node = find_node(shop.replica, name)
    assert isinstance(node, Killable)
    return node


def _all_read_only(shop: Shop) -> bool:
    return {shop.readiness() for _ in range(6)} == {"read-only"}


def _is_taken(shop: Shop, key: str) -> bool:
    return shop.create(key).status_code in {200, 201}


def _shed_as_seen_by_people(shop: Shop) -> str:
    bastion = find_node(shop.replica, "bastion")
    return bastion.run(["curl", "-sS", "http://east-edge:8404/shed"], within=SOON).stdout


def test_people_shed_a_share_of_customers_who_are_told_that_nothing_was_done(
    shop: Shop,
) -> None:
    assert shop.at_entrance("shed").stdout == "shedding 0 %\n"
    assert shop.at_entrance("shed", "50").stdout == "shedding 50 %\n"
    assert _shed_as_seen_by_people(shop) == "50"
    answers = [shop.create(f"shed-{number}") for number in range(ASKED)]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert ASKED / 5 < len(refused) < ASKED * 4 / 5  # missed once in a million runs
    assert all(json.loads(answer.content)["done"] is False for answer in refused)
    assert all(answer.headers["Retry-After"] for answer in refused)
    assert shop.client.get("/health/ready").is_success, "probes are not shed"
    shop.at_entrance("shed", "100")
    assert {shop.create(f"none-{number}").status_code for number in range(9)} == {503}
    assert shop.at_entrance("shed", "0").stdout == "shedding 0 %\n"
    assert {shop.create(f"all-{number}").status_code for number in range(9)} == {201}


@pytest.mark.parametrize("words", [["101"], ["-1"], ["ten"], [""], ["1", "2"]])
def test_what_cannot_be_shed_is_said_in_a_sentence(shop: Shop, words: list[str]) -> None:
    done = shop.at_entrance("shed", *words)
    assert done.exit_code == 2
    assert "shed 75" in done.stderr
    assert shop.at_entrance("shed").stdout == "shedding 0 %\n"


def test_people_take_an_instance_out_of_rotation_and_put_it_back(shop: Shop) -> None:
    assert shop.at_entrance("rotation", "drain", "east-app-2").stdout == "east-app-2: drain\n"
    assert "east-app-2 up, drained by hand" in shop.at_entrance("rotation").stdout
    wait_until(
        "it to be out of rotation",
        lambda: any("2 of 3 instances" in each for each in shop.replica.deviations()),
        at_most=SOON,
    )
    assert shop.create("drained").status_code == 201
    assert shop.at_entrance("rotation", "ready", "east-app-2").stdout == "east-app-2: ready\n"
    assert sorted(shop.at_entrance("rotation").stdout.splitlines()) == [
        "east-app-1 up", "east-app-2 up", "east-app-3 up",
    ]  # fmt: skip


@pytest.mark.parametrize("words", [["drain"], ["stop", "east-app-1"], ["drain", "east-app-9"]])
def test_an_instance_that_is_not_there_is_no_traceback(shop: Shop, words: list[str]) -> None:
    done = shop.at_entrance("rotation", *words)
    assert done.exit_code in {1, 2}
    assert len(done.stderr.splitlines()) == 1
