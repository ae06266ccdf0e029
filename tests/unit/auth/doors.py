"""A place to log in at, in memory but for its file; passwords cost nothing here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from environments.replica.images.auth.auth.identity import Identity
from environments.replica.images.auth.auth.keys import Key, KeyRing
from environments.replica.images.auth.auth.lockout import Lockout
from environments.replica.images.auth.auth.passwords import Hasher
from environments.replica.images.auth.auth.proxies import Proxies
from environments.replica.images.auth.auth.state import Store
from environments.replica.images.auth.auth.trail import Trail
from environments.replica.images.auth.auth.web import make_app

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

LIFE_SECONDS = 300.0
HOME, ABROAD = "10.0.0.1", "10.0.9.9"
CHEAP = Hasher(cost=2)


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Door:
    """The service's logic, with one clock for all of it, which stands still."""

    path: Path
    clock: Clock = field(default_factory=Clock)
    signed_with: str = "the first"
    identity: Identity = field(init=False)

    def __post_init__(self) -> None:
        self.start()
        self.identity.add_account("ada", "right")

    def start(self) -> None:
        """Begin as a new process does, with what is on disk."""
        self.identity = Identity(
            Store(self.path),
            KeyRing(Key.of(self.signed_with)),
            LIFE_SECONDS,
            hasher=CHEAP,
            now=self.clock,
            sources=Lockout(clock=self.clock),
            accounts=Lockout(clock=self.clock),
        )
        self.identity.checkers.clock = self.clock

    def app(self, edge: str = "") -> FastAPI:
        return make_app(self.identity, Trail(None), Proxies(edge))


async def ask(
    app: FastAPI, path: str, body: object = None, *, source: str = HOME, **headers: str
) -> httpx.Response:
    """GET, or POST where there is a body, as a caller at that address."""
    transport = httpx.ASGITransport(app, client=(source, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://auth") as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is None:
            return await client.get(path, headers=named)
        return await client.post(path, json=body, headers=named)
