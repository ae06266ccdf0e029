"""A small web server: anybody may ask, and who is on this host may have something done."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST_SECONDS = 5.0
LONGEST_REQUEST_BYTES = 100_000
_THIS_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Question:
    path: str
    after: int  # only what has a larger number is asked for
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    body: str
    content_type: str = "application/json"
    status: HTTPStatus = HTTPStatus.OK


def as_json(document: object, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(json.dumps(document), status=status)


def refusal(why: str, status: HTTPStatus = HTTPStatus.CONFLICT) -> Reply:
    """Say why something was not done, or not found."""
    return as_json({"error": why}, status)


class Web(ThreadingHTTPServer):
    """Answers once ``serve`` was called: GET by ``answer``, POST of this host by ``do``."""

    daemon_threads = True

    def __init__(
        self,
        answer: Callable[[Question], Reply],
        do: Callable[[Question], Reply],
        address: tuple[str, int],
    ) -> None:
        super().__init__(address, _Handler)
        self.answer, self.do = answer, do

    def serve(self) -> None:
        threading.Thread(target=self.serve_forever, name="web", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Web
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        self._reply(self.server.answer(self._question()))

    def do_POST(self) -> None:
        if self.client_address[0] != _THIS_HOST:
            self._reply(refusal("log in to this host to change things", HTTPStatus.FORBIDDEN))
            return
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LONGEST_REQUEST_BYTES:
            too_long = f"send up to {LONGEST_REQUEST_BYTES} bytes"
            self._reply(refusal(too_long, HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            return
        self._reply(self.server.do(self._question(self.rfile.read(int(length)))))

    def _question(self, body: bytes = b"") -> Question:
        parts = urlsplit(self.path)
        after = parse_qs(parts.query).get("after", ["0"])[-1]
        return Question(parts.path, int(after) if after.isdigit() else 0, body)

    def _reply(self, reply: Reply) -> None:
        body = reply.body.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Asked several times a second, it would fill the log, which is for changes."""
