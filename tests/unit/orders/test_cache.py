"""We believe that instances tell each other of their clocks, and that silence tells nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from configuration.schema import CacheUse

from environments.replica.images.orders.orders.cache import CLOCK_KEPT_SECONDS, Cache

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

OWN_NAME = socket.gethostname()


class Redis:
    """Speaks as much of the protocol as the cache does, and keeps what it was told."""

    def __init__(self, *, knows_expiry: bool = True) -> None:
        self.knows_expiry = knows_expiry
        self.commands: list[list[str]] = []
        self.clocks = {OWN_NAME: "0.5", "other": "-3600.25", "third": "0.0"}

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        queued: list[bytes] = []
        while words := await _command(reader):
            self.commands.append(words)
            match words[0]:
                case "MULTI":
                    queued, said = [], b"+OK\r\n"
                case "HSETEX" | "HGETALL":
                    queued.append(self._answer(words[0]))
                    said = b"+QUEUED\r\n"
                case "EXEC":
                    said = b"*%d\r\n%s" % (len(queued), b"".join(queued))
                case _:
                    said = b"+OK\r\n"
            writer.write(said)
            await writer.drain()
        writer.close()

    def _answer(self, command: str) -> bytes:
        if command == "HSETEX":
            return b":1\r\n" if self.knows_expiry else b"-ERR unknown command\r\n"
        items = [word.encode() for item in self.clocks.items() for word in item]
        return b"*%d\r\n%s" % (
            len(items),
            b"".join(b"$%d\r\n%s\r\n" % (len(item), item) for item in items),
        )


async def _command(reader: asyncio.StreamReader) -> list[str]:
    count = await reader.readline()
    words = []
    for _ in range(int(count[1:] or 0)):
        await reader.readline()
        words.append((await reader.readline()).decode().strip())
    return words


def share(redis: Redis) -> tuple[Mapping[str, float], str | None]:
    async def shared() -> tuple[Mapping[str, float], str | None]:
        async with redis.listening() as port:
            cache = Cache("127.0.0.1", port)
            siblings = await cache.share_clock(0.25)
            await cache.close()
            return siblings, cache.trouble

    return asyncio.run(shared())


def test_it_tells_its_own_for_a_while_and_gives_what_the_others_told() -> None:
    redis = Redis()
    assert share(redis) == ({"other": -3600.25, "third": 0.0}, None)
    (told,) = [words for words in redis.commands if words[0] == "HSETEX"]
    assert told[1] == "clocks"
    assert told[-2:] == [OWN_NAME, "0.25"]
    assert ["EX", str(CLOCK_KEPT_SECONDS)] == told[2:4]


def test_where_the_cache_fails_nothing_is_known_of_siblings() -> None:
    siblings, trouble = share(Redis(knows_expiry=False))
    assert siblings == {}
    assert trouble


@pytest.mark.parametrize("since", ["a failure", "nobody listens"])
def test_a_cache_that_is_away_is_left_alone_and_tells_nothing(since: str) -> None:
    async def shared() -> Mapping[str, float]:
        cache = Cache("127.0.0.1", 1)
        if since == "a failure":
            await cache.check()
        siblings = await cache.share_clock(0.0)
        await cache.close()
        return siblings

    assert asyncio.run(shared()) == {}


def test_whether_it_is_used_and_for_how_long_is_read_anew() -> None:
    redis = Redis()

    async def used() -> None:
        use = CacheUse(enabled=True, keep_seconds=7)
        async with redis.listening() as port:
            cache = Cache("127.0.0.1", port, lambda: use)
            await cache.put(1, b"one")
            use = CacheUse(enabled=False, keep_seconds=7)
            await cache.put(2, b"two")
            assert await cache.get(1) is None
            await cache.close()

    asyncio.run(used())
    orders = [words for words in redis.commands if "order:" in " ".join(words)]
    assert orders == [["SET", "order:1", "one", "EX", "7"]]
