"""Tells the audit trail who read or changed what; never a value.

Nothing waits for it. What is told while it is away is kept for some time, ``MOST_WAITING``
entries of it; each is a line of the vault's own log besides.
"""

from __future__ import annotations

import json
import queue
import threading
import time
import uuid
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_WAITING = 1000
ANSWER_SECONDS = 2.0
RETRY_SECONDS = 1.0
TRIES = 30


class Trail:
    """``url`` is where entries are posted; "" where there is no trail."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: queue.Queue[Mapping[str, object]] = queue.Queue(MOST_WAITING)
        self._opener = build_opener(ProxyHandler({}))

    def start(self) -> None:
        if self._url:
            threading.Thread(target=self._run, daemon=True, name="trail").start()

    def tell(self, actor: str, action: str, subject: str, **details: object) -> None:
        entry = {
            "actor": actor,
            "action": action,
            "subject": subject,
            "request_id": str(uuid.uuid4()),
            "at": time.time(),
            "details": details,
        }
        print(json.dumps(entry), flush=True)  # noqa: T201 - its log
        if self._url:
            try:
                self._waiting.put_nowait(entry)
            except queue.Full:
                lost = {"at": time.time(), "lost": entry["request_id"]}
                print(json.dumps(lost), flush=True)  # noqa: T201 - its log

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            entry = self._waiting.get()
            for _ in range(TRIES):
                if self._post(entry):
                    break
                pause.wait(RETRY_SECONDS)

    def _post(self, entry: Mapping[str, object]) -> bool:
        content = {"Content-Type": "application/json"}
        request = Request(self._url, json.dumps(entry).encode(), content)  # noqa: S310 - our own trail
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS):
                return True
        except (URLError, OSError):
            return False
