"""What the service tells the audit trail, without ever waiting for it or failing because of it.

Entries queue in memory and are delivered in the background. While the trail is away they wait,
as many as there is room for; what found no room is lost, counted, and said in the log and, once
the trail is there again, in the trail itself. Each answer is an anchor, which goes to the log:
by it an edit is noticed, even one by whoever holds the trail.
"""

from __future__ import annotations

import socket
from collections import deque
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import httpx

from . import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DELIVER_EVERY_SECONDS = 0.25
ANSWER_SECONDS = 1.0
ROOM = 20_000  # entries: minutes of orders
AT_ONCE = 500


class Trail:
    """``sessions`` numbers the database sessions that this instance has, which it claims."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        sessions: Callable[[], Sequence[int]],
        *,
        room: int = ROOM,
    ) -> None:
        self.lost = 0
        self._client = client
        self._sessions = sessions
        self._room = room
        self._waiting: deque[dict[str, object]] = deque()
        self._told_lost = 0
        self._instance = socket.gethostname()
        self._trouble: str | None = None

    def note(
        self, action: str, subject: str, *, actor: str, request_id: str, **details: object
    ) -> None:
        """Have it told; this takes no time, and cannot fail."""
        if len(self._waiting) >= self._room:
            self.lost += 1
            telemetry.ENTRIES_LOST.inc()
            return
        self._waiting.append(
            {
                "at": datetime.now(UTC).isoformat(),
                "actor": actor,
                "action": action,
                "subject": subject,
                "request_id": request_id,
                "details": {"instance": self._instance, **details},
            }
        )

    async def turn(self) -> None:
        """Deliver what waits, as much as goes at once, and claim the sessions."""
        try:
            await self._deliver()
            await self._post("/claims", self._claim())
        except httpx.HTTPError as error:
            self._complain(f"{type(error).__name__}: {error}")
        else:
            self._trouble = None

    async def _deliver(self) -> None:
        if self.lost > self._told_lost and len(self._waiting) < self._room:
            count, self._told_lost = self.lost - self._told_lost, self.lost
            self.note(
                "entries lost", "audit trail",
                actor=self._instance, request_id="", count=count,
            )  # fmt: skip
        batch = list(islice(self._waiting, AT_ONCE))
        if not batch:
            return
        anchor = await self._post("/entries", batch)
        for _ in batch:
            self._waiting.popleft()
        telemetry.say("audit anchor", anchor=anchor.text, entries=len(batch))

    async def _post(self, path: str, document: object) -> httpx.Response:
        answer = await self._client.post(path, json=document, timeout=ANSWER_SECONDS)
        return answer.raise_for_status()

    def _claim(self) -> dict[str, object]:
        return {"instance": self._instance, "sessions": list(self._sessions())}

    def _complain(self, trouble: str) -> None:
        """Say it once for each trouble: it is tried four times a second."""
        if trouble != self._trouble:
            telemetry.warn(
                "the audit trail is not told", cause=trouble,
                waiting=len(self._waiting), lost=self.lost,
            )  # fmt: skip
        self._trouble = trouble
