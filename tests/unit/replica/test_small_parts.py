"""We believe in the small parts that the replica is read with."""

from __future__ import annotations

import json
import socket
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from environments.catalog import known_environments, open_environment
from environments.model import NotReadyError, Places, UnknownNameError
from environments.replica.checks import servers_up
from environments.replica.containers import demultiplex
from environments.replica.nodes import read_places
from environments.replica.ports import PORTS, own_ports
from environments.replica.probes import (
    HOST,
    NoAnswerError,
    etcd_range,
    http_ok,
    redis_pong,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

STATISTICS = (
    "# pxname,svname,status,addr\n"
    "primary,FRONTEND,OPEN,\n"
    "primary,db-1,UP,\n"
    "primary,db-2,DOWN,\n"
    "primary,db-3,UP 1/2,\n"
    "primary,BACKEND,UP,\n"
    "replicas,db-2,UP,\n"
)


def frame(stream: int, text: str) -> bytes:
    content = text.encode()
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4, "big") + content


def test_output_and_errors_are_told_apart() -> None:
    stream = frame(1, "out ") + frame(2, "err") + frame(1, "pút")
    assert demultiplex(stream) == ("out pút", "err")


def test_a_frame_that_was_cut_short_is_kept_as_far_as_it_came() -> None:
    assert demultiplex(frame(1, "whole") + frame(1, "torn")[:-2]) == ("wholeto", "")


def test_servers_in_rotation_are_those_that_are_up() -> None:
    assert servers_up(STATISTICS, "primary") == ("db-1", "db-3")
    assert servers_up(STATISTICS, "replicas") == ("db-2",)


def test_two_runs_share_no_port_and_none_is_an_outgoing_one() -> None:
    with own_ports() as mine, own_ports() as yours:
        ports = [next(mine) for _ in range(20)] + [next(yours) for _ in range(20)]
    assert len(set(ports)) == 40
    assert set(ports) <= set(PORTS)


def test_a_port_that_another_program_holds_is_passed_over() -> None:
    with own_ports() as ports:
        first = next(ports)
        with socket.create_server((HOST, first + 1)):
            assert next(ports) == first + 2


def test_a_block_that_is_used_up_says_so() -> None:
    with own_ports() as ports, pytest.raises(NotReadyError, match="too few ports"):
        list(ports)


def unused_port() -> int:
    with own_ports() as ports:
        return next(ports)


class _Part(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200 if self.path == "/well" else 503, "said")

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert question == {"key": "L2Ev", "range_end": "L2Ew"}  # /a/ up to /a0
        pair = {"key": "L2EvYg==", "value": "Yw=="}  # /a/b = c
        self._answer(200, json.dumps({"kvs": [pair]}))

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def part() -> Iterator[int]:
    with HTTPServer((HOST, 0), _Part) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_good_answer_is_given_and_any_other_is_none(part: int) -> None:
    assert http_ok(part, "/well") == "said"
    with pytest.raises(NoAnswerError, match="/ill answered 503: said"):
        http_ok(part, "/ill")


def test_keys_of_etcd_are_read_without_their_prefix(part: int) -> None:
    assert etcd_range(part, "/a/") == {"b": "c"}


def test_who_is_not_there_gives_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="refused"):
        http_ok(unused_port(), "/")
    with pytest.raises(NoAnswerError, match="refused"):
        redis_pong(unused_port())


def test_who_is_silent_gives_no_answer_soon() -> None:
    with socket.create_server((HOST, 0)) as silent:
        began = time.monotonic()
        with pytest.raises(NoAnswerError, match="timed out"):
            http_ok(silent.getsockname()[1], "/")
        assert time.monotonic() - began < 5


def test_waiting_ends_with_what_was_missing() -> None:
    def never() -> None:
        raise NoAnswerError("the tide is out")

    with pytest.raises(
        NotReadyError, match=r"the tide did not come within 0\.2 s: the tide is"
    ):
        wait_for("the tide", never, at_most_seconds=0.2)


def test_an_unknown_environment_is_refused_with_the_known_ones() -> None:
    assert known_environments() == ("replica",)
    with pytest.raises(UnknownNameError, match=r"'replika'.*replica"):
        open_environment("replika", run="any", say=print)


@pytest.mark.parametrize(
    ("told", "places"),
    [
        ({"current": 40, "limit": 256}, Places(40, 256)),
        ({"current": 40}, Places(40, None)),
        ({"current": 40, "limit": 0}, Places(40, None)),
        ({"current": 40, "limit": (1 << 64) - 1}, Places(40, None)),
        ({"current": 40, "limit": (1 << 63) - 1}, Places(40, None)),
        ({}, Places(0, None)),
    ],
    ids=["bound", "silent", "0", "64 bits", "63 bits", "not running"],
)
def test_a_node_without_a_bound_for_processes_is_told_from_one_with(
    told: dict[str, int], places: Places
) -> None:
    assert read_places(told) == places
