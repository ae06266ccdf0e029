"""What the service says about itself: JSON log lines, and metrics for Prometheus."""

from __future__ import annotations

import json
import logging
import math
import sys
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

from . import release
from .breaker import State
from .logfile import LogFile

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .database import Connections
    from .payments import Charge, Payments
    from .store import Pending

_LOG = logging.getLogger("orders")
# Asked several times a second; changes are logged instead.
_QUIET = ("/health/", "/metrics", "/configuration")

REQUESTS = Histogram(
    "orders_request_seconds",
    "Time to answer, by route and status",
    ["route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0),
)
RELEASE = Gauge("orders_release", "1 for the release that this is", ["version"])
RELEASE.labels(release.VERSION).set(1)
POOL_SIZE = Gauge("orders_pool_connections", "Database connections that are open")
POOL_IN_USE = Gauge("orders_pool_connections_in_use", "Database connections lent out")
PENDING = Gauge("orders_pending", "Orders that are not paid yet")
OLDEST = Gauge(
    "orders_pending_oldest_seconds", "Age of the oldest order not paid yet; +Inf: not known"
)
OLDEST.set(math.inf)  # until somebody could look
LOGIN = Gauge("orders_database_login", "1 for whom it logs in to the database as", ["user"])
STALE = Gauge(
    "orders_database_connections_stale",
    "Open connections that were made with a login of before",
)
CHARGES = Counter("orders_payment_calls", "Charges by outcome", ["caller", "outcome"])
ENTRIES_LOST = Counter("orders_audit_entries_lost", "What the audit trail was not told")
LINES_LOST = Counter("orders_log_lines_lost", "Log lines that the log's disk did not take")
RECEIPTS = Counter("orders_receipts", "Receipts by what became of them", ["outcome"])
CONFIGURATION = Gauge("orders_configuration_version", "The one in force; 0: what is built in")
REFUSED = Counter(
    "orders_configuration_refused", "Configurations that were refused", ["whence"]
)
BREAKER = Gauge("orders_payments_breaker", "1 for the state the breaker is in", ["state"])


def watch(pool: Connections, payments: Payments) -> None:
    POOL_SIZE.set_function(lambda: pool.open)
    POOL_IN_USE.set_function(lambda: pool.in_use)
    for state in State:
        BREAKER.labels(state).set_function(partial(_is_in, payments, state))


def _is_in(payments: Payments, state: State) -> float:
    return float(payments.state is state)


def count_charge(caller: str, charge: Charge) -> None:
    CHARGES.labels(caller, charge.outcome).inc()


def count_receipt(outcome: str) -> None:
    RECEIPTS.labels(outcome).inc()


def show_configuration(version: int) -> None:
    CONFIGURATION.set(version)


def count_refused_configuration(whence: str) -> None:
    REFUSED.labels(whence).inc()


def show_pending(pending: Pending) -> None:
    PENDING.set(pending.orders)
    OLDEST.set(pending.oldest_seconds)


def pending_is_unknown() -> None:
    OLDEST.set(math.inf)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_json_lines() -> None:
    """Send every log of this process, uvicorn's too, to stdout as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def log_to(path: Path) -> LogFile:
    """Have every log line in this file as well; those that it does not take are counted."""
    file = LogFile(path, lost=LINES_LOST.inc)
    file.setFormatter(_JsonLines())
    logging.getLogger().addHandler(file)
    return file


def say(event: str, **fields: object) -> None:
    _LOG.info(event, extra={"fields": fields})


def warn(event: str, **fields: object) -> None:
    _LOG.warning(event, extra={"fields": fields})


class RequestRecorder:
    """Measures every request, and logs it in one line with its request id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = scope["state"]["request_id"].encode()
                message["headers"].append((b"x-request-id", request_id))
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            _record(scope, status, time.perf_counter() - began)


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "other")
    REQUESTS.labels(route, status).observe(seconds)
    if scope["path"].startswith(_QUIET):
        return
    state = scope["state"]
    cause = {"cause": state["cause"]} if "cause" in state else {}
    bearer = state.get("bearer")
    token = {"token": bearer.token} if bearer and bearer.token else {}
    say(
        "request",
        request_id=state["request_id"],
        method=scope["method"],
        path=scope["path"],
        status=status,
        ms=round(seconds * 1000, 1),
        **token,
        **cause,
    )
