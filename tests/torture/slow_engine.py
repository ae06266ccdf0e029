"""A door to the engine that is slow: ``python -m tests.torture.slow_engine SOCKET SECONDS``.

A request to make a container waits so long before the engine hears of it, and is made even
if whoever asked has died meanwhile, as by an engine that is very busy. With
``DOCKER_HOST=unix://SOCKET`` the torture then kills runners while much is in flight.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from environments.replica.engine_address import docker_environment

# What a dead client asked for is answered within this; then its connection is closed.
ANSWERED_WITHIN_SECONDS = 20.0
CHUNK_BYTES = 65536


async def main(socket: str, seconds: float) -> None:
    engine = docker_environment()["DOCKER_HOST"].removeprefix("unix://")

    async def serve(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_unix_connection(engine)
        answering = asyncio.create_task(_pass_on(answers, answer))
        await _delay(client, requests, seconds)
        with suppress(TimeoutError):
            await asyncio.wait_for(answering, ANSWERED_WITHIN_SECONDS)
        requests.close()

    async with await asyncio.start_unix_server(serve, socket) as server:
        await server.serve_forever()


async def _delay(
    client: asyncio.StreamReader, requests: asyncio.StreamWriter, seconds: float
) -> None:
    with suppress(ConnectionError):
        while chunk := await client.read(CHUNK_BYTES):
            if b"/containers/create" in chunk.partition(b"\r\n")[0]:
                await asyncio.sleep(seconds)
            requests.write(chunk)
            await requests.drain()


async def _pass_on(answers: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    """Pass on all that the engine says, whether or not anybody still listens."""
    while chunk := await answers.read(CHUNK_BYTES):
        with suppress(ConnectionError):
            client.write(chunk)
            await client.drain()
    client.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
