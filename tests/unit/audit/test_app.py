"""We believe that anybody may append, nobody may change, and only an instance may claim."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx
import pytest

from environments.replica.images.audit.audit.app import MOST_ENTRIES, create_app
from environments.replica.images.audit.audit.events import entry_of
from environments.replica.images.audit.audit.settings import Settings
from environments.replica.images.audit.audit.trail import Trail
from tests.unit.audit.trails import event, order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[..., httpx.Response]

ENTRY = {"actor": "ada", "action": "order made", "subject": "order 1", "at": 17.5}
INSTANCE = "10.0.0.2"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trail.jsonl"


@pytest.fixture
def ask(path: Path) -> Ask:
    settings = Settings(
        trail=path,
        instances=("east-app-",),
        database_host="db",
        login_file=path,
    )
    names = {"east-app-1": frozenset({INSTANCE}), "intruder-inside": frozenset({"10.0.0.9"})}
    app = create_app(settings, lambda name: names.get(name, frozenset()))

    def send(
        method: str, path: str, body: object = None, source: str = INSTANCE
    ) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app, client=(source, 5))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://audit"
            ) as client:
                return await client.request(method, path, json=body)

        return asyncio.run(once())

    return send


def test_who_appends_is_told_the_head(ask: Ask) -> None:
    first = ask("POST", "/entries", ENTRY)
    second = ask("POST", "/entries", [ENTRY, ENTRY])

    assert (first.status_code, first.json()["number"]) == (201, 1)
    assert second.json() == ask("GET", "/head").json()
    assert second.json()["number"] == 3
    last = json.loads(ask("GET", "/entries?after=2").text)
    assert (last["hash"], last["entry"]["source"]) == (second.json()["hash"], INSTANCE)
    assert last["entry"]["at"] == "17.5"


@pytest.mark.parametrize(
    "body",
    [[], [ENTRY] * (MOST_ENTRIES + 1), "text", [ENTRY, {"actor": "ada"}], [ENTRY, 5],
     {**ENTRY, "details": "text"}],
)  # fmt: skip
def test_what_is_no_entry_is_refused_and_appends_nothing(ask: Ask, body: object) -> None:
    assert ask("POST", "/entries", body).status_code == 422
    assert ask("GET", "/head").json()["number"] == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_nothing_changes_an_entry(ask: Ask, method: str) -> None:
    ask("POST", "/entries", ENTRY)
    assert ask(method, "/entries", ENTRY).status_code == 405


@pytest.mark.parametrize(
    ("instance", "source", "status"),
    [
        ("east-app-1", INSTANCE, 204),
        ("east-app-1", "10.0.0.9", 403),
        ("intruder-inside", "10.0.0.9", 403),
        ("east-app-2", "10.0.0.9", 403),
    ],
)
def test_sessions_are_claimed_by_instances_from_where_they_are(
    ask: Ask, instance: str, source: str, status: int
) -> None:
    claim = {"instance": instance, "sessions": [7]}
    assert ask("POST", "/claims", claim, source).status_code == status


def test_an_instance_that_spoke_is_known_by_its_name(ask: Ask) -> None:
    ask("POST", "/claims", {"instance": "east-app-1", "sessions": []})
    ask("POST", "/entries", ENTRY)
    assert json.loads(ask("GET", "/entries").text)["entry"]["source"] == "east-app-1"


def test_what_was_touched_is_told_by_login(path: Path, request: pytest.FixtureRequest) -> None:
    told = entry_of(event("row deleted", old=order(5)))
    Trail(path).append([told], "database")
    ask: Ask = request.getfixturevalue("ask")
    assert json.loads(ask("GET", "/touched?login=orders_a").text)["old"] == order(5)
    assert ask("GET", "/touched?login=orders_b").text == ""
    assert ask("GET", "/touched").text


def test_it_is_troubled_while_the_databases_notes_are_not_brought(ask: Ask) -> None:
    answer = ask("GET", "/health")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "the database was not asked yet"
