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
GIVEN_UP_SECONDS = 30.0


def followed(settings: Settings) -> Live:
    """Give what follows the configurator that the settings name.

    Raises:
        ValueError: there is no key to check signatures with.
    """
    # trust_env off: the configurator is inside, no proxy of the environment leads there.
    client = httpx.AsyncClient(
        base_url=settings.configurator, trust_env=False, timeout=GIVEN_UP_SECONDS
    )
    verifier = Verifier.of(settings.configuration_key) if settings.checks_signature else None
    asking = Asking(client, f"/configuration/{socket.gethostname()}")
    return Live(asking, settings.configuration_file, verifier)


async def follow(live: Live) -> None:
    """Look again and again; the first look was somebody else's."""
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        await live.turn()


class Asking:
    """Asks the configurator, one question at a time.

    To look up the name of one that is gone can take long, in one of the few threads in which
    the database's name is looked up as well: another question would take another thread.
    """

    def __init__(self, client: httpx.AsyncClient, path: str) -> None:
        self._client = client
        self._path = path
        self._asked: asyncio.Task[httpx.Response] | None = None

    async def __call__(self) -> bytes:
        """Give what this instance ought to have in force.

        Raises:
            SilentError: there was no usable answer in time.
        """
        asked = self._asked or asyncio.create_task(self._client.get(self._path))
        self._asked = asked
        await asyncio.wait({asked}, timeout=ANSWER_SECONDS)
        if not asked.done():
            raise SilentError(f"nothing within {ANSWER_SECONDS:g} s")
        self._asked = None
        try:
            answer = asked.result()
        except httpx.HTTPError as error:
            raise SilentError(f"{type(error).__name__}: {error}") from error
        if answer.status_code != httpx.codes.OK or len(answer.content) > MOST_BYTES:
            raise SilentError(
                f"its answer is {answer.status_code}, {len(answer.content)} bytes"
            )
        return answer.content
