"""Tells the audit trail who changed what; one that is away keeps nobody from anything."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rollout import telemetry

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rollout.history import Entry

ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Trail:
    url: str
    threads: Executor

    def __call__(self, entry: Entry) -> None:
        self.threads.submit(self._tell, entry)

    def _tell(self, entry: Entry) -> None:
        told = {
            "actor": f"configurator ({entry.by})",
            "action": f"{entry.kind} {entry.event}",
            "subject": entry.change,
            "request_id": f"{entry.change}/{entry.number}",
            "at": entry.wall,
            "details": {"why": entry.why, "share": entry.share},
        }
        connection = http.client.HTTPConnection(
            urlsplit(self.url).netloc, timeout=ANSWER_SECONDS
        )
        try:
            body = json.dumps(told).encode()
            connection.request("POST", "/entries", body, {"Content-Type": "application/json"})
            kept = json.loads(connection.getresponse().read())
            telemetry.say("audited", change=entry.change, **kept)
        except (OSError, http.client.HTTPException, ValueError, TypeError) as error:
            telemetry.warn("not audited", change=entry.change, cause=str(error))
        finally:
            connection.close()
