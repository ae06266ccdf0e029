"""Puts the service together and runs it: ``python3 -m auth.main``."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import uvicorn

from . import telemetry
from .control import Control, listen
from .identity import Finding, Identity
from .keys import Key, KeyRing
from .lockout import MOST_FAILED, Lockout
from .proxies import Proxies
from .settings import Settings, SettingsError, read_settings
from .state import Store
from .trail import Trail
from .web import make_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

PORT = 8081
CONTROL = Path("/run/auth/control")
TURN_SECONDS = 0.2

log = logging.getLogger("auth")


def secret_of(settings: Settings) -> str:
    """Give the secret that tokens are to be signed with now.

    Raises:
        OSError: its file cannot be read.
        ValueError: its file is empty.
    """
    if settings.key_file is None:
        return settings.key
    secret = settings.key_file.read_text().strip()
    if not secret:
        raise ValueError(f"{settings.key_file} is empty")
    return secret


async def keep_turning(identity: Identity, settings: Settings, trail: Trail) -> None:
    """Heed a new secret, and do what time brings, for ever."""
    known: frozenset[Finding] = frozenset()
    while True:
        try:
            identity.announce(Key.of(secret_of(settings)))
        except (OSError, ValueError) as error:
            log.warning("the key that is in use stays: %s", error)
        if identity.turn():
            trail.tell("auth", "another key signs", identity.keys.signing.id)
        known = _raise_alarms(identity, trail, known)
        await asyncio.sleep(TURN_SECONDS)


def _raise_alarms(
    identity: Identity, trail: Trail, known: frozenset[Finding]
) -> frozenset[Finding]:
    """Have people told of what they were not told of before; give what there is now."""
    found = frozenset(identity.findings())
    for one in found - known:
        trail.tell("auth", one.signal, one.subject, alarm=True, says=one.says)
    return found


def create_app(settings: Settings) -> FastAPI:
    most = MOST_FAILED if settings.lockout else sys.maxsize
    identity = Identity(
        Store(settings.state_file),
        KeyRing(Key.of(secret_of(settings))),
        settings.token_seconds,
        sources=Lockout(most=most),
        accounts=Lockout(most=most),
    )
    # trust_env off: the trail is inside, no proxy of the environment leads there.
    client = httpx.AsyncClient(base_url=settings.trail_url, trust_env=False)
    trail = Trail(client if settings.trail_url else None)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        operators = await listen(Control(identity, trail), CONTROL)
        background = [
            asyncio.create_task(keep_turning(identity, settings, trail)),
            asyncio.create_task(trail.run()),
        ]
        for task in background:
            task.add_done_callback(_must_not_end)
        yield
        operators.close()
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await client.aclose()

    app = make_app(identity, trail, Proxies(settings.edge))
    app.router.lifespan_context = lifespan
    return app


def _must_not_end(task: asyncio.Task[None]) -> None:
    """End it all: without a background task the service would only look well."""
    if not task.cancelled() and task.exception() is not None:
        log.error("a background task ended: ending the service: %r", task.exception())
        os._exit(1)


def main() -> None:
    telemetry.log_json_lines()
    try:
        app = create_app(read_settings(os.environ))
    except (OSError, SettingsError, ValueError) as error:
        sys.exit(f"auth cannot start: {error}")
    uvicorn.run(
        app,
        host="0.0.0.0",  # noqa: S104 - who may reach it is the network's to say
        port=PORT,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
