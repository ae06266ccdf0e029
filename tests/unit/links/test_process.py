"""The bundled server as a process: it logs each change, bounds its clients, ends at once."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING

from tests.unit.links.wires import Wires, is_silent, receive

if TYPE_CHECKING:
    from tests.unit.links.conftest import Process


def test_each_change_is_one_line_of_json(own_process: Process) -> None:
    wires = Wires(own_process.api, "logged")
    toxic = wires.add("latency", latency=5)
    own_process.api.call("PATCH", toxic, {"attributes": {"latency": 6}})
    own_process.api.call("DELETE", toxic)
    wires.close()
    lines = own_process.lines()
    assert [line["event"] for line in lines] == [
        "started",
        "proxy started",
        "toxic added",
        "toxic updated",
        "toxic removed",
        "proxy stopped",
    ]
    assert all(line["proxy"] == "logged" for line in lines[1:])
    assert lines[3]["attributes"] == {"latency": 6, "jitter": 0}


def test_a_storm_of_failures_upstream_is_one_line(own_process: Process) -> None:
    wires = Wires(own_process.api, "storm")
    wires.close_upstream()
    for _ in range(5):
        with socket.create_connection(wires.address, timeout=10) as client:
            assert client.recv(1) == b""
    events = [line["event"] for line in own_process.lines()]
    assert events.count("upstream does not answer") == 1


def test_sigterm_ends_it_at_once_whatever_toxics_hold(own_process: Process) -> None:
    wires = Wires(own_process.api, "held")
    wires.add("latency", latency=60_000)
    with wires.connected() as (client, server):
        server.sendall(b"x")
        assert is_silent(client, seconds=0.1)
        began = time.monotonic()
        own_process.process.send_signal(signal.SIGTERM)
        assert own_process.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 2
    wires.close_upstream()
    assert own_process.lines()[-1]["event"] == "stopped"


def test_a_request_too_large_is_refused(own_process: Process) -> None:
    api = own_process.api
    assert api.call("POST", "/proxies", raw=b" " * 2_000_000).status == 413
    assert api.call("GET", "/" + "x" * 20_000).status == 431
    assert api.call("GET", "/version").status == 200


def test_whoever_is_refused_is_heard_out_before_the_connection_ends(
    own_process: Process,
) -> None:
    """Whoever sends on after the answer came is not reset, for that can overtake the answer."""
    address = (own_process.api.host, own_process.api.port)
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(b"POST /proxies HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n")
        with client.makefile("rb") as answer:
            assert b"413" in answer.read()
        for _ in range(2):  # the first would be answered by a reset, the second then fails
            client.sendall(b" " * 1_000_000)


def test_reset_peer_resets_connections_that_were_open_before(own_process: Process) -> None:
    """The official server only closes these; ours keeps the toxic's word."""
    wires = Wires(own_process.api, "open")
    with wires.connected() as (client, server):
        client.sendall(b"x")
        receive(server, 1)
        wires.add("reset_peer")
        server.sendall(b"trigger")
        try:
            end = client.recv(1)
        except ConnectionResetError:
            end = None
        assert end is None
    wires.close()
