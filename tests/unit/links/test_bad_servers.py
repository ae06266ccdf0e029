"""A server that is away, hangs, errs or lies is reported in one sentence, and in time."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import requests
from toxiproxy import api as library_api  # type: ignore[import-untyped] # ships no types

from environments.model import Down, Impairment, ImpairmentError, Latency
from environments.replica.links import LinkSpec, LinksServer, ToxiproxyLink, redis_greeting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.unit.links.wires import Api

SPEC = LinkSpec("a-to-b", 1, "b:1", redis_greeting)


class Pretender:
    """An HTTP server that gives every request the same answer, whatever it asked."""

    def __init__(self, status: int, answers: Mapping[str, object]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                body = json.dumps(answers.get(self.path, {})).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_DELETE = do_GET  # noqa: N815 - the base class names them

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


PROXY = {"name": "a-to-b", "listen": "127.0.0.1:1", "upstream": "b:1", "toxics": []}


@pytest.fixture
def forgetful() -> Iterator[LinksServer]:
    """Say yes to everything and do nothing."""
    enabled = PROXY | {"enabled": True}
    answers = {"/proxies": {"a-to-b": enabled}, "/proxies/a-to-b/toxics": []}
    server = Pretender(200, answers | {"/version": {"version": "2.pretended"}})
    yield LinksServer("127.0.0.1", server.port)
    server.close()


@pytest.fixture
def stuck() -> Iterator[LinksServer]:
    """Say yes to everything and stay down."""
    disabled = PROXY | {"enabled": False}
    server = Pretender(200, {"/proxies": {"a-to-b": disabled}, "/proxies/a-to-b/toxics": []})
    yield LinksServer("127.0.0.1", server.port)
    server.close()


@pytest.fixture
def erring() -> Iterator[LinksServer]:
    server = Pretender(500, {"/version": {"error": "out of order"}})
    yield LinksServer("127.0.0.1", server.port)
    server.close()


def link_of(server: LinksServer) -> ToxiproxyLink:
    return server.links([SPEC], lambda: "127.0.0.1")[0]


@pytest.mark.parametrize("impairment", [Latency(5), Down()])
def test_an_impairment_that_did_not_take_is_reported(
    forgetful: LinksServer, impairment: Impairment
) -> None:
    with pytest.raises(ImpairmentError, match="a-to-b did not take"):
        link_of(forgetful).impair(impairment)


def test_an_impairment_that_does_not_go_is_reported(stuck: LinksServer) -> None:
    with pytest.raises(ImpairmentError, match="a-to-b did not give up"):
        link_of(stuck).mend(Down())


def test_a_server_error_is_reported(erring: LinksServer) -> None:
    with pytest.raises(ImpairmentError, match="out of order"):
        erring.version()


def test_nobody_at_the_address_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ImpairmentError, match=f"toxiproxy at 127.0.0.1:{port} could not"):
        link_of(LinksServer("127.0.0.1", port)).impair(Latency(5))


def test_a_server_that_hangs_is_reported_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hung = LinksServer(
            "127.0.0.1", silent.getsockname()[1], answers_within=timedelta(seconds=0.3)
        )
        began = time.monotonic()
        with pytest.raises(ImpairmentError, match="timed out"):
            link_of(hung).impairments()
        assert time.monotonic() - began < 5


def test_threads_with_two_servers_do_not_get_in_each_others_way(
    api: Api, forgetful: LinksServer
) -> None:
    real = LinksServer(api.host, api.port)
    with ThreadPoolExecutor(4) as pool:
        of_real = [pool.submit(real.version) for _ in range(20)]
        of_forgetful = [pool.submit(forgetful.version) for _ in range(20)]
        assert {version.result() for version in of_forgetful} == {"2.pretended"}
        assert "2.pretended" not in {version.result() for version in of_real}


def test_the_library_is_given_back_as_it_was(erring: LinksServer) -> None:
    with pytest.raises(ImpairmentError):
        erring.version()
    assert library_api.requests is requests
