"""What is told over HTTP: ``/changes?after=N`` for programs, ``/health`` for who watches."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from .history import History

PORT = 9200
_REQUEST_SECONDS = 5.0


@dataclass(slots=True)
class Pages:
    """``trouble`` is what is wrong with the schema; "" where it is what is recorded."""

    history: History
    clock: Callable[[], float] = time.monotonic
    trouble: str = "the schema was not looked at yet"

    def answer(self, target: str) -> tuple[HTTPStatus, object]:
        parts = urlsplit(target)
        match parts.path:
            case "/changes":
                after = parse_qs(parts.query).get("after", ["0"])[-1]
                return HTTPStatus.OK, self._changes(int(after) if after.isdigit() else 0)
            case "/health" if self.trouble:
                return HTTPStatus.SERVICE_UNAVAILABLE, {"reason": self.trouble}
            case "/health":
                return HTTPStatus.OK, {"status": "ok"}
        return HTTPStatus.NOT_FOUND, {"error": "ask for /changes or /health"}

    def _changes(self, after: int) -> list[dict[str, object]]:
        """Give what has larger numbers, with its age: nobody needs the same clock."""
        told = self.history.told()
        now = self.clock()
        return [
            {"number": number, "age_seconds": now - one.pop("at"), **one}
            for number, one in enumerate(told, start=1)
            if number > after
        ]


class Web(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, pages: Pages, address: tuple[str, int] = ("", PORT)) -> None:
        super().__init__(address, _Handler)
        self.pages = pages


class _Handler(BaseHTTPRequestHandler):
    server: Web
    timeout = _REQUEST_SECONDS

    def do_GET(self) -> None:
        status, document = self.server.pages.answer(self.path)
        body = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Asked several times a second, it would fill the log, which is for trouble."""
