"""A proxy is TCP: every byte arrives, once and in order, and a slow reader slows the sender."""

from __future__ import annotations

import select
import socket
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.links.wires import Wires, receive

MEGABYTE = 1_000_000
MORE_THAN_BUFFERS_HOLD = 128 * MEGABYTE


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # one proxy serves them all
)
@given(
    question=st.lists(st.binary(min_size=1, max_size=400), max_size=5),
    answer=st.lists(st.binary(min_size=1, max_size=400), max_size=5),
    client_ends_first=st.booleans(),
)
def test_arbitrary_bytes_pass_unharmed(
    wires: Wires, question: list[bytes], answer: list[bytes], *, client_ends_first: bool
) -> None:
    if not wires.api.call("GET", f"{wires.path}/toxics").json:
        for stream in ("upstream", "downstream"):
            wires.add("slicer", stream=stream, average_size=60, size_variation=30, delay=10)
            wires.add("latency", stream=stream, latency=2, jitter=1)
    with wires.connected() as (client, server):
        for message in question:
            client.sendall(message)
        for message in answer:
            server.sendall(message)
        whole_question, whole_answer = b"".join(question), b"".join(answer)
        assert receive(server, len(whole_question)) == whole_question
        assert receive(client, len(whole_answer)) == whole_answer
        first, second = (client, server) if client_ends_first else (server, client)
        first.shutdown(socket.SHUT_WR)
        assert second.recv(1) == b""
        second.shutdown(socket.SHUT_WR)
        assert first.recv(1) == b""


@pytest.mark.parametrize("with_toxics", [False, True])
def test_megabytes_pass_in_both_directions_at_once(wires: Wires, *, with_toxics: bool) -> None:
    if with_toxics:
        wires.add("latency", latency=5)
        wires.add("limit_data", stream="upstream", bytes=100 * MEGABYTE)
    up, down = (bytes(range(256)) * 16_000, bytes(reversed(range(256))) * 16_000)
    with wires.connected() as (client, server):
        senders = [
            threading.Thread(target=end.sendall, args=[data])
            for end, data in ((client, up), (server, down))
        ]
        received: dict[str, bytes] = {}
        readers = [
            threading.Thread(target=lambda: received.update(up=receive(server, len(up)))),
            threading.Thread(target=lambda: received.update(down=receive(client, len(down)))),
        ]
        for thread in senders + readers:
            thread.start()
        for thread in senders + readers:
            thread.join(timeout=30)
    assert received == {"up": up, "down": down}


@pytest.mark.parametrize("held", [False, True])
def test_a_reader_that_does_not_read_stops_the_sender(wires: Wires, *, held: bool) -> None:
    if held:
        wires.add("latency", stream="upstream", latency=60_000)
    with wires.connected() as (client, _server):
        client.settimeout(0)
        sent = 0
        while sent < MORE_THAN_BUFFERS_HOLD and _can_send(client):
            sent += client.send(b"x" * MEGABYTE)
    assert sent < MORE_THAN_BUFFERS_HOLD


def _can_send(end: socket.socket) -> bool:
    _, writable, _ = select.select([], [end], [], 0.5)
    return bool(writable)
