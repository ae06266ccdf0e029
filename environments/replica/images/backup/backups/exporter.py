"""``python3 -m backups.exporter``: tells over HTTP how the backups are, on port 9854.

``/health`` (200 or 503) for whoever watches, ``/metrics`` for Prometheus, ``/manifest`` for
people, ``/manifest.json`` for programs. Whatever cannot be found out is a finding.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST

from . import manifest, metrics
from .settings import SettingsError, read_settings
from .survey import Survey
from .unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from .survey import View

PORT = 9854
_REQUEST_SECONDS = 5.0
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    content_type: str
    body: bytes
    status: HTTPStatus = HTTPStatus.OK


def health(view: View) -> Reply:
    catalogue = view.catalogue
    document = {
        "status": "troubled" if view.findings else "ok",
        "findings": view.findings,
        "backups": None if isinstance(catalogue, Unknown) else len(catalogue.backups),
    }
    status = HTTPStatus.SERVICE_UNAVAILABLE if view.findings else HTTPStatus.OK
    return Reply(_JSON, json.dumps(document).encode(), status)


PAGES: dict[str, Callable[[View], Reply]] = {
    "/health": health,
    "/metrics": lambda view: Reply(CONTENT_TYPE_LATEST, metrics.render(view)),
    "/manifest": lambda view: Reply("text/markdown; charset=utf-8", manifest.as_markdown(view)),
    "/manifest.json": lambda view: Reply(_JSON, manifest.as_json(view)),
}
_NO_SUCH_PAGE = f"there is no such page: ask for one of {', '.join(PAGES)}\n".encode()


class Exporter(ThreadingHTTPServer):
    """Answers once ``serve_forever`` runs."""

    daemon_threads = True

    def __init__(self, survey: Survey, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self.survey = survey


class _Handler(BaseHTTPRequestHandler):
    server: Exporter
    timeout = _REQUEST_SECONDS  # to send the request; answering is bounded by the survey

    def do_GET(self) -> None:
        page = PAGES.get(self.path.partition("?")[0])
        if page is None:
            self._send(Reply("text/plain", _NO_SUCH_PAGE, HTTPStatus.NOT_FOUND))
        else:
            self._send(page(self.server.survey.look()))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Asked every few seconds, it would fill the log, which is for the jobs."""


def main() -> None:
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        sys.exit(f"the exporter cannot start: {error}")
    Exporter(Survey(settings), ("", PORT)).serve_forever()


if __name__ == "__main__":
    main()
