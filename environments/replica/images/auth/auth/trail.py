"""Tells the audit trail what was done, as well as it can: nobody is refused for its sake.

What could not be told waits, in order and within a bound, and is told when the trail is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_WAITING = 10_000  # the oldest of more are in the log alone
PAUSE_SECONDS = 1.0
ANSWER_SECONDS = 2.0

log = logging.getLogger("auth")


class Trail:
    """Entries of ours; ``client`` is None where there is no trail."""

    def __init__(self, client: httpx.AsyncClient | None) -> None:
        self._client = client
        self._waiting: deque[Mapping[str, object]] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()

    def tell(
        self, actor: str, action: str, subject: str, request_id: str = "", **details: object
    ) -> None:
        entry = {
            "actor": actor,
            "action": action,
            "subject": subject,
            "request_id": request_id,
            "at": datetime.now(UTC).isoformat(),
            "details": details,
        }
        log.info(action, extra={"fields": entry})
        if self._client is not None:
            self._waiting.append(entry)
            self._news.set()

    async def run(self) -> None:
        """Pass entries on for ever, one after the other."""
        while self._client is not None:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._pass_on(self._client, self._waiting.popleft())

    async def _pass_on(self, client: httpx.AsyncClient, entry: Mapping[str, object]) -> None:
        while True:
            if await self._is_taken(client, entry):
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _is_taken(self, client: httpx.AsyncClient, entry: Mapping[str, object]) -> bool:
        try:
            answer = await client.post("/entries", json=entry, timeout=ANSWER_SECONDS)
        except httpx.HTTPError as error:
            log.warning("the trail does not answer: %r", error)
            return False
        if answer.is_success:
            log.info("on the trail", extra={"fields": answer.json()})
        return not answer.is_server_error
