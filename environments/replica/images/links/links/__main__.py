"""``python3 -m links --host 0.0.0.0 --port 8474``: serve until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import resource
import signal

from .api import VERSION, Api
from .log import record
from .web import Server


async def serve(host: str, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stopped.set)
    api = Api()
    port = await Server(api.answer).start(host, port)
    record("started", host=host, port=port, version=VERSION)
    await stopped.wait()
    api.collection.stop()
    record("stopped")


def main() -> None:
    parser = argparse.ArgumentParser(prog="links", description=__doc__)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8474)
    arguments = parser.parse_args()
    _allow_many_descriptors()
    asyncio.run(serve(arguments.host, arguments.port))


def _allow_many_descriptors() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


main()
