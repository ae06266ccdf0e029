"""We believe that what an instance counted is read as it was meant."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest
from rollout.counts import Counts
from rollout.reading import Reading, SilentError, read_instance, read_metrics

from environments.replica.images.orders.orders.telemetry import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWERS = (
    ("/orders", 201, 0.1),
    ("/orders", 201, 0.49),
    ("/orders", 201, 0.51),
    ("/orders", 500, 0.01),
    ("/orders/{order_id}", 503, 3.0),
    ("/orders/{order_id}", 404, 0.01),
    ("/orders", 422, 0.01),
    ("/health/ready", 503, 0.6),
    ("/configuration", 503, 0.6),
    ("/metrics", 200, 0.6),
    ("other", 500, 0.01),
)


@pytest.fixture
def page() -> str:
    registry = CollectorRegistry()
    # Buckets and labels are those of the service itself.
    seconds = Histogram(
        "orders_request_seconds",
        "",
        REQUESTS._labelnames,  # noqa: SLF001 - it has no other word for them
        buckets=REQUESTS._kwargs["buckets"],  # noqa: SLF001 - as above
        registry=registry,
    )
    for route, status, took in ANSWERS:
        seconds.labels(route, status).observe(took)
    Gauge("orders_release", "", ["version"], registry=registry).labels('1.1 "b"').set(1)
    ProcessCollector(registry=registry)
    return generate_latest(registry).decode()


def test_requests_of_customers_are_counted_by_how_they_ended(page: str) -> None:
    read = read_metrics(page)
    assert read.counts == Counts(requests=8, errors=3, rejected=1, slow=2)
    assert read.version == r"1.1 \"b\""
    assert read.memory_bytes > 1e6
    assert read.started_at > 1e9


def test_a_page_without_what_every_process_says_is_no_answer() -> None:
    with pytest.raises(SilentError, match="process_resident_memory_bytes"):
        read_metrics("process_start_time_seconds 1.0\n")


class _Instance(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/metrics" else 404)
        self.end_headers()
        self.wfile.write(b"process_start_time_seconds 1.5\nprocess_resident_memory_bytes 2e6\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Instance) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_an_instance_is_asked(port: int) -> None:
    assert read_instance("127.0.0.1", port) == Reading(1.5, 2e6, "", Counts())


def test_one_that_is_not_there_is_silent(port: int) -> None:
    with pytest.raises(SilentError, match=r"127\.0\.0\.2 does not answer"):
        read_instance("127.0.0.2", port)
