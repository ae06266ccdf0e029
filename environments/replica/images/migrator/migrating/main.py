"""``python3 -m migrating.main``: adopts the service's schema, then tells what was changed."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .database import Database
from .flow import MigrationError
from .history import History

PORT = 9400
RETRY_SECONDS = 0.5
_REQUEST_SECONDS = 5.0


@dataclass(slots=True)
class State:
    """Why nobody can change the schema yet; "" where they can."""

    trouble: str = "the schema was not looked at yet"


class Web(ThreadingHTTPServer):
    """``/health`` (200 or 503) for whoever watches, ``/changes`` for programs."""

    daemon_threads = True

    def __init__(self, state: State, history: History) -> None:
        super().__init__(("", PORT), _Handler)
        self.state = state
        self.history = history

    def answer(self, path: str) -> tuple[HTTPStatus, object]:
        match path.partition("?")[0]:
            case "/changes":
                return HTTPStatus.OK, self.history.told()
            case "/health" if self.state.trouble:
                return HTTPStatus.SERVICE_UNAVAILABLE, {"reason": self.state.trouble}
            case "/health":
                return HTTPStatus.OK, {"status": "ok"}
        return HTTPStatus.NOT_FOUND, {"error": "ask for /changes or /health"}


class _Handler(BaseHTTPRequestHandler):
    server: Web
    timeout = _REQUEST_SECONDS

    def do_GET(self) -> None:
        status, document = self.server.answer(self.path)
        body = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Asked several times a second, it would fill the log, which is for trouble."""


def main() -> None:
    state = State()
    web = Web(state, History())
    threading.Thread(target=web.serve_forever, name="web", daemon=True).start()
    pause = threading.Event()
    database = Database()
    while state.trouble:
        try:
            database.adopt()
        except MigrationError as error:
            if str(error) != state.trouble:
                print(f"waiting: {error}", file=sys.stderr)  # noqa: T201 - the node's log
            state.trouble = str(error)
            pause.wait(RETRY_SECONDS)
        else:
            state.trouble = ""
    pause.wait()


if __name__ == "__main__":
    main()
