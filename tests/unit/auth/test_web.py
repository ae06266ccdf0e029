"""We believe that a login says no more than it must, and that only the edge is believed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.unit.auth.doors import ABROAD, HOME, LIFE_SECONDS, Door, ask

if TYPE_CHECKING:
    from pathlib import Path

RIGHT = {"customer": "ada", "password": "right"}
WRONG = {"customer": "ada", "password": "wrong"}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "state.json")


def test_who_has_the_password_gets_a_token(door: Door) -> None:
    answer = asyncio.run(ask(door.app(), "/login", RIGHT))
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == LIFE_SECONDS
    ((issued, good),) = door.identity.tokens(customer="ada")
    assert (issued.source, good) == (HOME, True)


def test_a_wrong_password_and_an_unknown_customer_look_alike(door: Door) -> None:
    app = door.app()
    answers = [
        asyncio.run(ask(app, "/login", body, x_request_id="r-1"))
        for body in (WRONG, {"customer": "nobody", "password": "right"})
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["request_id"] == "r-1"


@pytest.mark.parametrize("body", [{}, {"customer": "ada"}, {**RIGHT, "password": "x" * 201}])
def test_what_is_no_login_is_refused(door: Door, body: object) -> None:
    assert asyncio.run(ask(door.app(), "/login", body)).status_code == 422


def test_a_hundred_failures_are_looked_at_and_the_next_is_not_even_where_it_is_right(
    door: Door,
) -> None:
    async def attack() -> list[int]:
        app = door.app()
        answers = await asyncio.gather(
            *(ask(app, "/login", WRONG, source=ABROAD) for _ in range(120))
        )
        return sorted(answer.status_code for answer in answers)

    assert asyncio.run(attack()) == [401] * 100 + [429] * 20
    refused = asyncio.run(ask(door.app(), "/login", RIGHT, source=ABROAD))
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert refused.json()["done"] is False


def test_only_the_edge_says_where_a_customer_comes_from(door: Door) -> None:
    app = door.app(edge="127.0.0.1")
    told = {"x_client_address": ABROAD}
    asyncio.run(ask(app, "/login", RIGHT, source="127.0.0.1", **told))
    asyncio.run(ask(app, "/login", RIGHT, source="10.6.6.6", **told))
    assert [issued.source for issued, _ in door.identity.tokens(customer="ada")] == [
        ABROAD,
        "10.6.6.6",
    ]


def test_a_checker_hears_what_it_must_know_and_tells_what_it_saw(door: Door) -> None:
    app = door.app()
    asyncio.run(ask(app, "/login", RIGHT))
    ((issued, _),) = door.identity.tokens(customer="ada")
    seen = {"token": issued.id, "customer": "ada", "source": ABROAD}
    asked = {"name": "east-app-1", "version": "", "elsewhere": [seen]}
    told = asyncio.run(ask(app, "/verification", asked)).json()
    assert told == door.identity.verification()
    assert door.identity.checkers.have(told["version"]) == {"east-app-1": False}
    asyncio.run(ask(app, "/verification", {"name": "east-app-1", "version": told["version"]}))
    assert door.identity.checkers.have(told["version"]) == {"east-app-1": True}
    health = asyncio.run(ask(app, "/health")).json()
    assert health["findings"] == [
        f"token {issued.id} of ada, issued to {HOME}, is used from {ABROAD}"
    ]


def test_metrics_count_what_came_of_logins(door: Door) -> None:
    app = door.app()
    before = _refused(asyncio.run(ask(app, "/metrics")).text)
    asyncio.run(ask(app, "/login", WRONG))
    assert _refused(asyncio.run(ask(app, "/metrics")).text) == before + 1


def _refused(metrics: str) -> float:
    lines = [
        line for line in metrics.splitlines() if 'auth_logins_total{outcome="refused"}' in line
    ]
    return float(lines[0].split()[-1]) if lines else 0.0
