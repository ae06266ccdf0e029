"""Follows the configurator, for ever."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import httpx
from configuration.document import Verifier

from .live import ANSWER_SECONDS, LOOK_EVERY_SECONDS, Live, SilentError

if TYPE_CHECKING:
    from .settings import Settings

MOST_BYTES = 100_000


def followed(settings: Settings) -> Live:
    """Give what follows the configurator that the settings name.

    Raises:
        ValueError: there is no key to check signatures with.
    """
    # trust_env off: the configurator is inside, no proxy of the environment leads there.
    client = httpx.AsyncClient(base_url=settings.configurator, trust_env=False)
    verifier = Verifier.of(settings.configuration_key) if settings.checks_signature else None
    own_name = socket.gethostname()
    return Live(lambda: ask(client, own_name), settings.configuration_file, verifier)


async def follow(live: Live) -> None:
    """Look again and again; the first look was somebody else's."""
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        await live.turn()


async def ask(client: httpx.AsyncClient, instance: str) -> bytes:
    """Ask what an instance ought to have in force.

    Raises:
        SilentError: there was no usable answer in time.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await client.get(f"/configuration/{instance}")
    except TimeoutError as error:
        raise SilentError(f"nothing within {ANSWER_SECONDS:g} s") from error
    except httpx.HTTPError as error:
        raise SilentError(f"{type(error).__name__}: {error}") from error
    if answer.status_code != httpx.codes.OK or len(answer.content) > MOST_BYTES:
        raise SilentError(f"its answer is {answer.status_code}, {len(answer.content)} bytes")
    return answer.content
