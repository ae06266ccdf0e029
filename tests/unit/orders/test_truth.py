"""We believe that no order is acknowledged that is on one disk only.

PostgreSQL says "committed" to a session whose wait for the standby was cancelled, and shows
the row to everyone. Held against a real PostgreSQL whose synchronous standby is missing.
"""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import docker
import httpx
import pytest

from environments.replica.engine_address import docker_environment
from environments.replica.image_builder import build_images
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

pytestmark = pytest.mark.contract

SOON = timedelta(seconds=30)
CUSTOMERS_PATIENCE_SECONDS = 3.0
FROZEN_SECONDS = 5.0
START_POSTGRES = """
initdb --auth=trust --pgdata=/tmp/data >/tmp/initdb.log
echo 'host all all all trust' >> /tmp/data/pg_hba.conf
exec postgres -D /tmp/data -c listen_addresses='*' -c unix_socket_directories=/tmp
"""


@dataclass(frozen=True, slots=True)
class Shop:
    postgres: Container
    orders: Container
    client: httpx.Client

    def sql(self, *statements: str, seconds: int = 10) -> tuple[int, str]:
        commands = [part for each in statements for part in ("-c", each)]
        code, output = self.postgres.exec_run(
            ["timeout", str(seconds), "psql", "-qAt", *commands]
        )
        assert isinstance(output, bytes)
        return int(code or 0), output.decode()

    def ask(self, statement: str) -> str:
        code, output = self.sql(statement)
        assert code == 0, output
        return output.strip()

    def require_standby(self, name: str) -> None:
        code, output = self.sql(
            f"ALTER SYSTEM SET synchronous_standby_names = '{name}'", "SELECT pg_reload_conf()"
        )
        assert code == 0, output
        wait_until(
            "PostgreSQL to take the setting",
            lambda: self.ask("SHOW synchronous_standby_names") == name,
            at_most=SOON,
        )

    def create(self, key: str) -> httpx.Response:
        order = {"customer": "ada", "item": "lamp", "amount_cents": 5}
        return self.client.post("/orders", json=order, headers={"Idempotency-Key": key})

    @contextmanager
    def ending_waits_with(self, function: str) -> Iterator[None]:
        """Have an operator end every wait for the standby, twenty times a second."""
        end = f"SELECT {function}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"  # noqa: S608 - ours
        self.postgres.exec_run(
            ["timeout", "60", "sh", "-c", f'echo "{end} \\\\watch 0.05" | psql'],
            environment={"PGAPPNAME": "operator"},
            detach=True,
        )
        self._await_operators(1)
        yield
        self.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'operator'"
        )
        self._await_operators(0)

    def _await_operators(self, count: int) -> None:
        wait_until(
            f"{count} operators to be there",
            lambda: (
                self.ask(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'operator'"
                )
                == str(count)
            ),
            at_most=SOON,
        )

    def cause(self, answer: httpx.Response) -> str:
        """Find out from the service's log why the answer was no success."""
        request_id = answer.headers["X-Request-Id"]

        def logged() -> list[str]:
            lines = self.orders.logs().decode().splitlines()
            return [line for line in lines if f'"request_id": "{request_id}"' in line]

        wait_until("the request to be logged", logged, at_most=SOON)
        return str(json.loads(logged()[0])["cause"])

    def rows(self, key: str) -> int:
        return int(self.ask(f"SELECT count(*) FROM orders WHERE key = '{key}'"))  # noqa: S608 - ours


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    images = build_images(["orders", "patroni"], lambda _: None)
    engine = docker.DockerClient.from_env(environment=docker_environment())
    name = f"truth-{uuid.uuid4().hex[:8]}"
    labels = {"muster.run": name}
    network = engine.networks.create(name, labels=labels)
    started: list[Container] = []

    try:
        postgres = engine.containers.run(
            images["patroni"], ["sh", "-ec", START_POSTGRES],
            environment={"PGHOST": "/tmp", "PGDATABASE": "orders"},  # noqa: S108 - in there
            name=f"{name}-db", detach=True, network=name, labels=labels,
        )  # fmt: skip
        started.append(postgres)
        _make_database(postgres)
        orders = engine.containers.run(
            images["orders"], environment=_settings(name), ports={"8000/tcp": ("127.0.0.1", 0)},
            detach=True, network=name, labels=labels,
        )  # fmt: skip
        started.append(orders)
        orders.reload()
        port = (orders.ports["8000/tcp"] or [])[0]["HostPort"]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            shop = Shop(postgres, orders, client)
            _await_ready(shop)
            yield shop
    finally:
        for container in started:
            container.remove(force=True, v=True)
        network.remove()
        engine.close()


def _settings(name: str) -> dict[str, str]:
    """Only the database is there: without cache and payments orders are still taken."""
    return {
        "DATABASE_HOST": f"{name}-db",
        "DATABASE_PASSWORD": "none",
        "REDIS_HOST": "localhost",
        "PAYMENTS_URL": "http://localhost:1",
    }


def _make_database(postgres: Container) -> None:
    command = "CREATE ROLE orders LOGIN", "CREATE DATABASE orders OWNER orders"
    parts = [part for each in command for part in ("-c", each)]
    wait_until(
        "PostgreSQL to make the database",
        lambda: postgres.exec_run(["psql", "-d", "postgres", *parts]).exit_code == 0,
        at_most=SOON,
    )


def _await_ready(shop: Shop) -> None:
    def ready() -> bool:
        try:
            return shop.client.get("/health/ready").is_success
        except httpx.TransportError:
            return False

    wait_until("orders to be ready", ready, at_most=SOON)


@pytest.fixture(autouse=True)
def _whole_again(shop: Shop) -> Iterator[None]:
    yield
    shop.require_standby("")
    _await_ready(shop)


def test_an_order_is_taken_once_however_often_it_is_sent(shop: Shop) -> None:
    first, again = shop.create("plain"), shop.create("plain")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert shop.rows("plain") == 1


def test_without_a_standby_nobody_is_told_yes_and_nobody_waits_for_long(shop: Shop) -> None:
    shop.require_standby("missing")
    for _ in range(2):
        began = monotonic()
        answer = shop.create("alone")
        assert answer.status_code == 503, answer.text
        assert monotonic() - began < CUSTOMERS_PATIENCE_SECONDS
    shop.require_standby("")
    wait_until(
        "the order to be known", lambda: shop.create("alone").status_code == 200, at_most=SOON
    )
    assert shop.rows("alone") == 1


@pytest.mark.parametrize(
    ("function", "cause"),
    [
        ("pg_cancel_backend", "the server warned: PostgresWarning: canceling"),
        ("pg_terminate_backend", "ConnectionDoesNotExistError"),
    ],
)
def test_a_wait_that_an_operator_ends_is_no_yes_and_neither_is_the_row_it_leaves(
    shop: Shop, function: str, cause: str
) -> None:
    shop.require_standby("missing")
    with shop.ending_waits_with(function):
        answer = shop.create(function)
    assert answer.status_code == 503, answer.text
    assert shop.cause(answer).startswith(cause)
    assert shop.rows(function) == 1, "the wait was not ended, so nothing was tried"
    assert shop.create(function).status_code == 503


def test_postgresql_takes_its_statement_timeout_off_before_it_waits(shop: Shop) -> None:
    """Our sessions set one; if it reached into the wait it would end it with a yes."""
    shop.require_standby("missing")
    code, output = shop.sql(
        "SET statement_timeout = '300ms'",
        "CREATE TABLE bounded (id int)",
        seconds=2,
    )
    timed_out = 124  # timeout(1)
    assert (code, output) == (timed_out, "")


def test_orders_are_taken_again_soon_after_a_frozen_database_goes_on(shop: Shop) -> None:
    def taken() -> bool:
        return shop.create(uuid.uuid4().hex).status_code == 201

    shop.postgres.pause()
    try:
        frozen_since = monotonic()
        while monotonic() - frozen_since < FROZEN_SECONDS:
            began = monotonic()
            assert not taken()
            assert monotonic() - began < CUSTOMERS_PATIENCE_SECONDS
        assert shop.client.get("/health/ready").status_code == 503
        assert shop.client.get("/health/live").status_code == 200
    finally:
        shop.postgres.unpause()
    wait_until("an order to be taken", taken, at_most=timedelta(seconds=10))
