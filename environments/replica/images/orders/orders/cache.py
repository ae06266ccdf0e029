"""Orders in Redis: a help, never a need. Every trouble with it is a miss."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from configuration.schema import CacheUse
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIMIT_SECONDS = 0.1
REST_SECONDS = 1.0  # after a failure it is left alone, or every read would wait for it
BUILT_IN = CacheUse(enabled=True, keep_seconds=60)
CLOCKS = "clocks"  # instance -> by how many seconds its clock is ahead of the database's
CLOCK_KEPT_SECONDS = 2  # an instance that is silent for longer is nobody's sibling


class Cache:
    """``trouble`` is what was wrong when it was last tried, None where nothing was."""

    def __init__(
        self, host: str, port: int, use: Callable[[], CacheUse] = lambda: BUILT_IN
    ) -> None:
        self._redis = Redis(
            host=host,
            port=port,
            socket_timeout=LIMIT_SECONDS,
            socket_connect_timeout=LIMIT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            max_connections=32,
        )
        self._use = use
        self._rest_until = 0.0
        self._own_name = socket.gethostname()
        self.trouble: str | None = None

    async def get(self, order_id: int) -> bytes | None:
        if self._rests() or not self._use().enabled:
            return None
        try:
            found = await self._redis.get(f"order:{order_id}")
        except (RedisError, OSError, TimeoutError) as error:
            self._fail(error)
            return None
        return bytes(found) if found is not None else None

    async def put(self, order_id: int, order: bytes) -> None:
        if self._rests() or not self._use().enabled:
            return
        try:
            kept_seconds = self._use().keep_seconds
            await self._redis.set(f"order:{order_id}", order, ex=kept_seconds)
        except (RedisError, OSError, TimeoutError) as error:
            self._fail(error)

    async def share_clock(self, ahead_seconds: float) -> Mapping[str, float]:
        """Tell by how much the own clock is ahead; give what the siblings told lately."""
        if self._rests():
            return {}
        told = {self._own_name: ahead_seconds}
        try:
            async with self._redis.pipeline() as asking:
                asking.hsetex(CLOCKS, mapping=told, ex=CLOCK_KEPT_SECONDS)
                asking.hgetall(CLOCKS)
                _, found = await asking.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._fail(error)
            return {}
        return {
            name.decode(): float(ahead)
            for name, ahead in found.items()
            if name.decode() != self._own_name
        }

    async def check(self) -> None:
        """Look whether it answers; ``trouble`` says so afterwards."""
        try:
            await self._redis.ping()
        except (RedisError, OSError, TimeoutError) as error:
            self._fail(error)
        else:
            self.trouble = None
            self._rest_until = 0.0

    async def close(self) -> None:
        await self._redis.aclose()

    def _rests(self) -> bool:
        return time.monotonic() < self._rest_until

    def _fail(self, error: Exception) -> None:
        self.trouble = f"{type(error).__name__}: {error}"
        self._rest_until = time.monotonic() + REST_SECONDS
