"""We believe that each answer says what it means, with a request id on everything.

4xx is for what was certainly not done, and so is 503 that says so; other 503s are for what
nobody knows.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import httpx
import pytest

from environments.replica.images.orders.orders.admission import MOST_IN_WORK
from environments.replica.images.orders.orders.database import (
    DatabaseUnavailableError,
    NotSentError,
)
from environments.replica.images.orders.orders.health import Health
from environments.replica.images.orders.orders.intake import FLAGS, KeyReusedError
from environments.replica.images.orders.orders.live import BUILT_IN, Live
from environments.replica.images.orders.orders.reading import Read
from environments.replica.images.orders.orders.receipts import Receipts
from environments.replica.images.orders.orders.routes import Services, make_app
from environments.replica.images.orders.orders.store import NewOrder, Order
from environments.replica.images.orders.orders.tokens import Bearer, Tokens, issue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from configuration.schema import Flags

    from environments.replica.images.orders.orders.tokens import Doorkeeper

BODY = {"customer": "ada", "item": "lamp", "amount_cents": 1200}
ORDER = Order(
    id=7, key="ada-1", customer="ada", item="lamp", amount_cents=1200, status="pending"
)


@dataclass
class Part:
    trouble: str | None = None


@dataclass
class Judge:
    time: float | None = 1000.0

    def now(self) -> float | None:
        return self.time


@dataclass
class Shop:
    """All that the routes call."""

    order: Order = ORDER
    created: bool = True
    fails: Exception | None = None
    age_seconds: int | None = None
    replica: Part | None = None
    needed_log: Part | None = None
    tokens: Doorkeeper | None = None
    told: list[tuple[object, ...]] = field(default_factory=list)
    flags: Flags = FLAGS
    receipts: Receipts = field(default_factory=Receipts)
    live: Live | None = None
    cached: dict[int, bytes] = field(default_factory=dict)
    taken: list[NewOrder] = field(default_factory=list)

    def note(
        self, action: str, subject: str, *, actor: str, request_id: str, **details: object
    ) -> None:
        self.told.append((action, subject, actor, request_id, details))

    async def take(self, new: NewOrder) -> tuple[Order, bool]:
        self.taken.append(new)
        if self.fails:
            raise self.fails
        return self.order, self.created

    async def find(self, order_id: int) -> Read[Order | None]:
        if self.fails:
            raise self.fails
        return Read(self.order if order_id == self.order.id else None, self.age_seconds)

    async def page(
        self, customer: str, *, after: int, limit: int
    ) -> Read[list[dict[str, object]]]:
        rows: list[dict[str, object]] = [
            {"id": number, "customer": customer} for number in range(1, 6)
        ]
        following = [row for row in rows if int(str(row["id"])) > after]
        return Read(following[:limit], self.age_seconds)

    async def get(self, order_id: int) -> bytes | None:
        return self.cached.get(order_id)

    async def put(self, order_id: int, order: bytes) -> None:
        self.cached[order_id] = order

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        database: str | None = None,
    ) -> httpx.Response:
        health = Health(Part(database), Part(), Part(), self.replica, started=True)
        services = Services(
            self,
            self,
            self,
            health,
            self.tokens,
            self,
            current=lambda: replace(BUILT_IN, flags=self.flags),
            live=self.live,
            receipts=self.receipts,
        )
        app = make_app(services, needed_log=self.needed_log)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://orders"
            ) as client:
                return await client.request(
                    method,
                    path,
                    content=None if body is None else content,
                    headers={"Content-Type": "application/json", **(headers or {})},
                )

        return asyncio.run(send())

    def create(
        self,
        body: object = BODY,
        key: str | None = "ada-1",
        *,
        database: str | None = None,
        authorization: str | None = None,
    ) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        if authorization is not None:
            headers["Authorization"] = authorization
        return self.ask("POST", "/orders", body, headers=headers, database=database)


def test_a_new_order_is_201_and_one_taken_before_is_200() -> None:
    created = Shop().create()
    assert (created.status_code, created.json()) == (201, asdict(ORDER))
    assert Shop(created=False).create().status_code == 200


def test_an_order_has_a_receipt_where_that_is_switched_on() -> None:
    assert "Receipt" not in Shop().create().headers
    shop = Shop(flags=replace(FLAGS, receipts=True))
    receipts = [shop.create(key=key).headers["Receipt"] for key in ("a", "a", "b")]
    assert receipts[0] == receipts[1] != receipts[2]


def test_a_bug_in_receipts_fails_orders_until_they_are_switched_off(tmp_path: Path) -> None:
    (tmp_path / "receipts").write_text("1")
    shop = Shop(flags=replace(FLAGS, receipts=True), receipts=Receipts(tmp_path))
    assert (shop.create().status_code, len(shop.taken)) == (500, 1)
    shop.flags = FLAGS
    assert shop.create().status_code == 201


def test_customers_cannot_list_orders_while_that_is_switched_off() -> None:
    shop = Shop(flags=replace(FLAGS, customer_pages=False))
    answer = shop.ask("GET", "/orders?customer=ada")
    assert (answer.status_code, answer.json()["done"]) == (503, False)
    assert shop.ask("GET", "/orders/7").status_code == 200


def test_who_has_a_good_token_orders() -> None:
    shop = Shop(tokens=Tokens("key" * 20, Judge()))
    token = issue("key" * 20, "ada", until=1001)
    assert shop.create(authorization=f"Bearer {token}").status_code == 201
    assert shop.create(authorization=f"bearer  {token}").status_code == 201


@pytest.mark.parametrize(
    ("authorization", "why"),
    [
        (None, "no Bearer token"),
        ("", "no Bearer token"),
        ("Basic YTpi", "no Bearer token"),
        ("Bearer", "not issued here"),
        ("Bearer " + issue("another" * 10, "ada", until=1001), "not issued here"),
        ("Bearer " + issue("key" * 20, "ada", until=1000), "expired"),
        ("Bearer " + issue("key" * 20, "grace", until=1001), "another customer's"),
    ],
)
def test_who_has_none_is_401_and_nothing_was_done(authorization: str | None, why: str) -> None:
    shop = Shop(tokens=Tokens("key" * 20, Judge()))
    answer = shop.create(authorization=authorization)
    assert (answer.status_code, shop.taken) == (401, [])
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert why in answer.json()["error"]


def test_a_token_is_judged_with_where_it_was_shown() -> None:
    @dataclass
    class Door:
        shown_from: list[str] = field(default_factory=list)

        def bearer_of(self, token: str, source: str) -> Bearer:
            self.shown_from.append(source)
            return Bearer("ada", token)

    door = Door()
    shop = Shop(tokens=door)
    headers = {"Idempotency-Key": "ada-1", "Authorization": "Bearer t"}
    shop.ask("POST", "/orders", BODY, headers={**headers, "X-Client-Address": "10.0.0.1"})
    shop.ask("POST", "/orders", BODY, headers=headers)
    assert door.shown_from == ["10.0.0.1", "127.0.0.1"]


def test_while_nobody_knows_what_time_it_is_an_order_is_certainly_not_made() -> None:
    shop = Shop(tokens=Tokens("key" * 20, Judge(None)))
    token = issue("key" * 20, "ada", until=1001)
    answer = shop.create(authorization=f"Bearer {token}")
    assert (answer.status_code, answer.json()["done"], shop.taken) == (503, False, [])


def test_another_order_under_the_key_is_422() -> None:
    answer = Shop(fails=KeyReusedError("other")).create()
    assert (answer.status_code, answer.json()["error"]) == (422, "other")


def test_a_service_that_needs_its_log_does_nothing_without_and_is_still_ready() -> None:
    shop = Shop(needed_log=Part("no room"))
    assert (shop.create().status_code, shop.taken) == (500, [])
    assert shop.ask("GET", "/health/ready").status_code == 200
    shop.needed_log = Part()
    assert shop.create().status_code == 201


def test_an_unknown_outcome_is_503_with_a_time_to_come_back() -> None:
    answer = Shop(fails=DatabaseUnavailableError("secret host name")).create()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert "secret" not in answer.text
    assert "done" not in answer.json(), "nobody knows that"


def test_what_was_never_sent_is_503_and_certainly_not_done() -> None:
    answer = Shop(fails=NotSentError("secret host name")).create()
    assert (answer.status_code, answer.json()["done"]) == (503, False)
    assert answer.headers["Retry-After"] == "1"
    assert "secret" not in answer.text


def test_without_a_primary_no_order_is_tried_and_that_is_said() -> None:
    shop = Shop(replica=Part())
    answer = shop.create(database="refused")
    assert (answer.status_code, answer.json()["done"], shop.taken) == (503, False, [])
    assert answer.headers["Retry-After"] == "1"


def test_with_a_primary_orders_are_taken_whatever_the_replica_says() -> None:
    assert Shop(replica=Part("refused")).create().status_code == 201
    assert Shop(replica=Part()).create().status_code == 201


def test_without_primary_and_replica_an_order_is_tried_as_ever() -> None:
    shop = Shop(replica=Part("refused"), fails=DatabaseUnavailableError("gone"))
    assert "done" not in shop.create(database="refused").json()
    assert len(shop.taken) == 1


@pytest.mark.parametrize(("sheds_load", "refused"), [(True, 1), (False, 0)])
def test_what_is_too_much_is_refused_and_certainly_not_done(
    *, sheds_load: bool, refused: int
) -> None:
    class Slow(Shop):
        async def take(self, new: NewOrder) -> tuple[Order, bool]:
            await asyncio.sleep(0.2)
            return await super().take(new)

    shop = Slow()
    services = Services(shop, shop, shop, Health(Part(), Part(), Part(), started=True))
    app = make_app(services, sheds_load=sheds_load)

    async def crowd() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            return await asyncio.gather(
                *(
                    client.post("/orders", json=BODY, headers={"Idempotency-Key": f"k{number}"})
                    for number in range(MOST_IN_WORK + 1)
                )
            )

    refusals = [each for each in asyncio.run(crowd()) if each.status_code == 503]
    assert len(refusals) == refused
    assert len(shop.taken) == MOST_IN_WORK + 1 - refused
    assert all(each.json()["done"] is False for each in refusals)
    assert all(each.headers["Retry-After"] and each.json()["request_id"] for each in refusals)


def test_a_copy_is_told_as_one_with_its_age_and_never_cached() -> None:
    shop = Shop(order=Order(**(asdict(ORDER) | {"status": "paid"})), age_seconds=7)
    for path in ("/orders/7", "/orders?customer=ada"):
        assert shop.ask("GET", path).headers["Age"] == "7"
    assert shop.cached == {}
    shop.age_seconds = None
    for path in ("/orders?customer=ada", "/orders/7"):
        assert "Age" not in shop.ask("GET", path).headers
    assert 7 in shop.cached


def test_what_a_copy_lacks_is_not_said_to_be_nowhere() -> None:
    answer = Shop(age_seconds=7).ask("GET", "/orders/8")
    assert (answer.status_code, answer.json()["done"]) == (503, False)
    assert "7 s old" in answer.json()["error"]


def test_a_fault_of_ours_is_500_and_says_nothing_of_the_inside() -> None:
    answer = Shop(fails=RuntimeError("inside")).create()
    assert answer.status_code == 500
    assert set(answer.json()) == {"error", "request_id"}
    assert "inside" not in answer.text


@pytest.mark.parametrize(("key", "status"), [(None, 400), ("", 400), ("k" * 201, 422)])
def test_a_bad_key_is_refused_before_anything_is_done(key: str | None, status: int) -> None:
    shop = Shop()
    answer = shop.create(key=key)
    assert (answer.status_code, shop.taken) == (status, [])
    assert "Idempotency-Key" in answer.json()["error"]


def test_the_longest_key_is_taken() -> None:
    assert Shop().create(key="k" * 200).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"customer":"ada","item":"lamp","amount_cents":NaN}',
        b'{"customer":"\\ud800","item":"lamp","amount_cents":1}',
        {**BODY, "amount_cents": -1},
        {**BODY, "amount_cents": 2**63},
        {**BODY, "amount_cents": "1"},
        {**BODY, "amount_cents": 1.0},
        {**BODY, "amount_cents": True},
        {**BODY, "customer": ""},
        {**BODY, "customer": "a\0b"},
        {**BODY, "customer": "a" * 201},
        {**BODY, "item": None},
        {**BODY, "colour": "red"},
        {"customer": "ada"},
    ],
)
def test_an_invalid_order_is_422_before_anything_is_done(body: object) -> None:
    shop = Shop()
    answer = shop.create(body)
    assert (answer.status_code, shop.taken) == (422, []), answer.text
    assert answer.json()["error"]


def test_the_edge_s_request_id_is_kept_and_an_odd_one_replaced() -> None:
    given = Shop().ask("GET", "/orders/7", headers={"X-Request-Id": "edge-1"})
    assert given.headers["X-Request-Id"] == "edge-1"
    odd = Shop().ask("GET", "/orders/7", headers={"X-Request-Id": 'x"\t{'})
    assert len(odd.headers["X-Request-Id"]) == 32


def test_an_order_is_read_and_an_unknown_one_is_404() -> None:
    assert Shop().ask("GET", "/orders/7").json() == asdict(ORDER)
    assert Shop().ask("GET", "/orders/8").status_code == 404


@pytest.mark.parametrize("order_id", ["0", "-1", "x", str(2**63)])
def test_what_is_no_id_is_422(order_id: str) -> None:
    assert Shop().ask("GET", f"/orders/{order_id}").status_code == 422


def test_only_a_paid_order_is_cached_and_then_needs_no_database() -> None:
    shop = Shop()
    shop.ask("GET", "/orders/7")
    assert shop.cached == {}
    shop.order = Order(**(asdict(ORDER) | {"status": "paid"}))
    fresh = shop.ask("GET", "/orders/7")
    shop.fails = DatabaseUnavailableError("gone")
    assert shop.ask("GET", "/orders/7").json() == fresh.json()


def test_pages_follow_each_other_to_the_end() -> None:
    shop, after, seen = Shop(), 0, []
    while True:
        page = shop.ask("GET", f"/orders?customer=ada&after={after}&limit=2").json()
        seen += [order["id"] for order in page["orders"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "query", ["", "customer=ada&limit=0", "customer=ada&limit=10001", "customer=ada&after=-1"]
)
def test_a_bad_page_is_422(query: str) -> None:
    assert Shop().ask("GET", f"/orders?{query}").status_code == 422


@pytest.mark.parametrize(("path", "status"), [("ready", 503), ("live", 200), ("startup", 200)])
def test_only_readiness_asks_for_the_database(path: str, status: int) -> None:
    answer = Shop().ask("GET", f"/health/{path}", database="refused")
    assert answer.status_code == status


def test_metrics_count_requests_by_route_and_status() -> None:
    shop = Shop()
    shop.ask("GET", "/orders/7")
    shop.ask("GET", "/nowhere/at/all")
    text = shop.ask("GET", "/metrics").text
    assert 'orders_request_seconds_count{route="/orders/{order_id}",status="200"}' in text
    assert 'orders_request_seconds_count{route="other",status="404"}' in text
    assert "/nowhere" not in text


def test_the_trail_is_told_of_an_order_once_and_of_the_request_that_made_it() -> None:
    shop = Shop()
    answer = shop.create()
    shop.created = False
    shop.create()
    request_id = answer.headers["x-request-id"]
    details = {"key": "ada-1", "amount_cents": 1200}
    assert shop.told == [("order made", "order 7", "ada", request_id, details)]


def test_the_trail_is_told_of_a_token_that_was_refused() -> None:
    shop = Shop(tokens=Tokens("key" * 20, Judge()))
    answer = shop.create()
    (told,) = shop.told
    assert told[:3] == ("token refused", "/orders", "ada")
    assert told[3] == answer.headers["x-request-id"]
