"""We believe that a key is charged once, however often it is asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from environments.replica.images.payments.payments.app import create_app

if TYPE_CHECKING:
    from fastapi import FastAPI


def ask(app: FastAPI, method: str, path: str, body: object = None) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://payments") as client:
            return await client.request(method, path, json=body)

    return asyncio.run(send())


def test_the_same_charge_twice_is_one_charge() -> None:
    app = create_app()
    body = {"key": "ada/1", "amount_cents": 5}
    assert ask(app, "POST", "/charges", body).status_code == 201
    assert ask(app, "POST", "/charges", body).status_code == 200
    assert ask(app, "GET", "/charges").json() == {"count": 1, "total_cents": 5}
    assert ask(app, "GET", "/charges/ada/1").json() == body


def test_another_amount_under_the_key_is_refused() -> None:
    app = create_app()
    ask(app, "POST", "/charges", {"key": "ada-1", "amount_cents": 5})
    answer = ask(app, "POST", "/charges", {"key": "ada-1", "amount_cents": 6})
    assert answer.status_code == 422
    assert ask(app, "GET", "/charges").json()["total_cents"] == 5


def test_charges_are_counted_by_the_beginning_of_their_keys() -> None:
    app = create_app()
    for key in ("ada-1", "ada-2", "bob-1"):
        ask(app, "POST", "/charges", {"key": key, "amount_cents": 1})
    assert ask(app, "GET", "/charges?prefix=ada-").json()["count"] == 2


@pytest.mark.parametrize(
    "body", [{}, {"key": "", "amount_cents": 1}, {"key": "a", "amount_cents": -1}]
)
def test_what_is_no_charge_is_refused(body: object) -> None:
    app = create_app()
    assert ask(app, "POST", "/charges", body).status_code == 422
    assert ask(app, "GET", "/charges").json()["count"] == 0


def test_an_unknown_charge_is_404_and_health_is_well() -> None:
    app = create_app()
    assert ask(app, "GET", "/charges/none").status_code == 404
    assert ask(app, "GET", "/health").status_code == 200
