"""What the scaler tells over HTTP.

``/status``, ``/decisions`` and ``/stages`` for programs, ``/health`` (200 or 503) for whoever
watches, ``/metrics`` for Prometheus.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from .metrics import CPU, MEMORY, REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .controller import Controller, Status
    from .settings import Settings

PORT = 9100
LATE_SECONDS = 5.0  # without a turn, the scaler is not well
_REQUEST_SECONDS = 5.0
_JSON = "application/json"
_PROMETHEUS = "text/plain; version=0.0.4"


@dataclass(frozen=True, slots=True)
class Reply:
    body: str
    content_type: str = _JSON
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True, slots=True)
class Pages:
    controller: Controller
    settings: Settings
    clock: Callable[[], float]

    def answer(self, target: str) -> Reply:
        parts = urlsplit(target)
        after = parse_qs(parts.query).get("after", ["0"])[-1]
        number = int(after) if after.isdigit() else 0
        history, now = self.controller.history, self.clock()
        match parts.path:
            case "/decisions":
                return _json([one.as_json(now) for one in history.decisions(number)])
            case "/stages":
                return _json([one.as_json(now) for one in history.stages(number)])
            case "/health":
                return self._health(self.controller.status, now)
            case "/status" | "/metrics":
                return self._present(parts.path)
        reason = {"error": "ask for /status, /decisions, /stages, /health or /metrics"}
        return _json(reason, HTTPStatus.NOT_FOUND)

    def _present(self, path: str) -> Reply:
        status = self.controller.status
        if status is None:
            reason = {"error": "nothing was seen yet: ask again in a moment"}
            return _json(reason, HTTPStatus.SERVICE_UNAVAILABLE)
        if path == "/status":
            return _json(_document(status))
        return Reply(self._metrics(status), _PROMETHEUS)

    def _health(self, status: Status | None, now: float) -> Reply:
        if status is not None and now - status.turned_at <= LATE_SECONDS:
            return _json({"status": "ok"})
        since = "ever" if status is None else f"{now - status.turned_at:.0f} s"
        reason = {"status": "troubled", "reason": f"no turn was done for {since}: see the log"}
        return _json(reason, HTTPStatus.SERVICE_UNAVAILABLE)

    def _metrics(self, status: Status) -> str:
        settings = self.settings
        values = {
            "scaling_wanted": ("gauge", "Instances that are wanted", status.wanted),
            "scaling_serving": ("gauge", "Instances in rotation", status.serving),
            "scaling_minimum": ("gauge", "The fewest instances now", status.minimum),
            "scaling_maximum": ("gauge", "The most instances", status.policy.maximum),
            "scaling_decisions_total": (
                "counter",
                "Decisions made",
                self.controller.history.last_decision,
            ),
            "scaling_instance_cpus": (
                "gauge",
                "Processors that one instance may use",
                settings.instance_cpus,
            ),
            "scaling_instance_memory_bytes": (
                "gauge",
                "Memory that one instance may use",
                settings.instance_memory_bytes,
            ),
        }
        return "".join(
            f"# HELP {name} {text}\n# TYPE {name} {kind}\n{name} {value}\n"
            for name, (kind, text, value) in values.items()
        )


def _document(status: Status) -> dict[str, object]:
    policy, means = status.policy, status.means
    return {
        "wanted": status.wanted,
        "serving": status.serving,
        "minimum": status.minimum,
        "maximum": policy.maximum,
        "tolerance": policy.tolerance,
        "ratio": _rounded(status.ratio),
        "cpu": _rounded(means.get(CPU)),
        "memory": _rounded(means.get(MEMORY)),
        "rate": _rounded(means.get(REQUESTS)),
        "held": status.held,
        "policy": {"name": policy.name, "version": policy.version},
        "places": status.phases,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _json(document: object, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(json.dumps(document), _JSON, status)


class Web(ThreadingHTTPServer):
    """Answers once ``serve`` was called."""

    daemon_threads = True

    def __init__(self, pages: Pages, address: tuple[str, int] = ("", PORT)) -> None:
        super().__init__(address, _Handler)
        self.pages = pages

    def serve(self) -> None:
        threading.Thread(target=self.serve_forever, name="web", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Web
    timeout = _REQUEST_SECONDS

    def do_GET(self) -> None:
        reply = self.server.pages.answer(self.path)
        body = reply.body.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Asked several times a second, it would fill the log, which is for decisions."""
