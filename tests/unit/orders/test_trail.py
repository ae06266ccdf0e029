"""We believe that the trail never costs an order anything, and that what it missed is known."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from environments.replica.images.orders.orders.trail import AT_ONCE, Trail

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Audit:
    """What it was told; ``status`` is how it answers, 0 not at all."""

    status: int = 201
    told: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not self.status:
            raise httpx.ConnectError("refused")
        body = json.loads(request.content)
        if self.status == 201:
            (self.claims if request.url.path == "/claims" else self.told).extend(
                body if isinstance(body, list) else [body]
            )
        return httpx.Response(self.status, json={"number": len(self.told), "hash": "f" * 64})


@pytest.fixture
def audit() -> Audit:
    return Audit()


@pytest.fixture
def make(audit: Audit) -> Callable[[int], Trail]:
    def trail(room: int) -> Trail:
        client = httpx.AsyncClient(
            transport=httpx.MockTransport(audit.answer), base_url="http://audit"
        )
        return Trail(client, lambda: [7, 8], room=room)

    return trail


def note(trail: Trail, *orders: int) -> None:
    for number in orders:
        trail.note(
            "order made", f"order {number}", actor="ada", request_id=f"r{number}", key="k"
        )


def turn(trail: Trail, times: int = 1) -> None:
    async def turns() -> None:
        for _ in range(times):
            await trail.turn()

    asyncio.run(turns())


def test_what_was_noted_is_delivered_once_and_in_order(
    make: Callable[[int], Trail], audit: Audit
) -> None:
    trail = make(9)
    note(trail, 1, 2)
    turn(trail, times=2)
    assert [one["subject"] for one in audit.told] == ["order 1", "order 2"]
    assert audit.told[0]["actor"] == "ada"
    assert audit.told[0]["request_id"] == "r1"
    assert audit.told[0]["details"]["key"] == "k"


@pytest.mark.parametrize("status", [0, 500, 422])
def test_what_could_not_be_delivered_waits(
    status: int, make: Callable[[int], Trail], audit: Audit
) -> None:
    trail = make(9)
    audit.status = status
    note(trail, 1)
    turn(trail, times=3)
    audit.status = 201
    note(trail, 2)
    turn(trail)
    assert [one["subject"] for one in audit.told] == ["order 1", "order 2"]
    assert trail.lost == 0


def test_what_found_no_room_is_counted_and_told_once_there_is_some(
    make: Callable[[int], Trail], audit: Audit
) -> None:
    trail = make(2)
    audit.status = 0
    note(trail, 1, 2, 3, 4, 5)
    turn(trail)
    assert trail.lost == 3
    audit.status = 201
    turn(trail, times=3)
    said = [(one["action"], one["details"].get("count")) for one in audit.told]
    assert said == [("order made", None), ("order made", None), ("entries lost", 3)]


def test_no_more_goes_at_once_than_the_trail_takes(
    make: Callable[[int], Trail], audit: Audit
) -> None:
    trail = make(10_000)
    note(trail, *range(AT_ONCE + 1))
    turn(trail)
    assert len(audit.told) == AT_ONCE


def test_the_sessions_that_it_has_are_claimed(
    make: Callable[[int], Trail], audit: Audit
) -> None:
    turn(make(9))
    assert audit.claims[0]["sessions"] == [7, 8]
