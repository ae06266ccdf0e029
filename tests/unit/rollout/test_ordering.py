"""We believe that an order that is not made as it was meant is found by trying one."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from rollout.ordering import BrokenError, Trial, WrongError, order_and_read_back

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "127.0.0.1"
TRIAL = Trial("trial-1", "deployer-trial", 12_345)


class Shop(HTTPServer):
    """Takes orders; ``writes`` and ``says`` change an order on its way."""

    orders: list[dict[str, Any]]
    status = 201
    writes: dict[str, Any]
    says: dict[str, Any]


class _Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked |= {"key": self.headers["Idempotency-Key"], "id": len(self.server.orders) + 7}
        row = {name: asked[name] for name in ("id", "key", "amount_cents")}
        self.server.orders.append(row | self.server.writes)
        self._answer(self.server.status, asked | self.server.says)

    def do_GET(self) -> None:
        assert self.path == "/orders?customer=deployer-trial&after=6&limit=1"
        self._answer(200, {"orders": self.server.orders, "next": None})

    def _answer(self, status: int, document: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop((HERE, 0), _Handler) as shop:
        shop.orders, shop.writes, shop.says = [], {}, {}
        thread = threading.Thread(target=shop.serve_forever)
        thread.start()
        yield shop
        shop.shutdown()
        thread.join()


def try_it(shop: Shop) -> None:
    order_and_read_back(TRIAL, HERE, HERE, port=shop.server_port)


def test_an_order_that_is_made_as_it_was_meant_is_well(shop: Shop) -> None:
    try_it(shop)
    assert shop.orders[0]["amount_cents"] == 12_345


def test_one_that_is_written_otherwise_is_found(shop: Shop) -> None:
    shop.writes = {"amount_cents": 12_300}
    with pytest.raises(WrongError, match="wrote amount_cents 12300, where amount_cents 12345"):
        try_it(shop)


def test_one_that_is_answered_otherwise_is_found(shop: Shop) -> None:
    shop.says = {"item": "raft"}
    with pytest.raises(WrongError, match="says that it took item 'raft'"):
        try_it(shop)


def test_one_that_is_not_there_is_found(shop: Shop) -> None:
    shop.writes = {"key": "other"}
    with pytest.raises(WrongError, match="wrote key 'other', where key 'trial-1' was ordered"):
        try_it(shop)


def test_a_refusal_is_found(shop: Shop) -> None:
    shop.status = 500
    with pytest.raises(BrokenError, match="answers POST /orders with 500"):
        try_it(shop)


def test_silence_is_found(shop: Shop) -> None:
    with pytest.raises(BrokenError, match=r"127\.0\.0\.2 does not answer POST"):
        order_and_read_back(TRIAL, "127.0.0.2", HERE, port=shop.server_port)
