"""Each toxic does to real connections what Toxiproxy's documentation says, and no more.

Times are held from one side only: a delay cannot be shorter than it is set to.
"""

from __future__ import annotations

import socket

import pytest

from tests.unit.links.wires import Wires, at_least, how_it_ends, is_silent, receive

FOREVER_MILLISECONDS = 60_000


def test_without_toxics_everything_passes(wires: Wires) -> None:
    with wires.connected() as (client, server):
        client.sendall(b"question")
        assert receive(server, 8) == b"question"
        server.sendall(b"answer")
        assert receive(client, 6) == b"answer"


@pytest.mark.parametrize("closing", [0, 1])
def test_the_end_follows_the_last_byte(wires: Wires, closing: int) -> None:
    with wires.connected() as ends:
        here, there = ends[closing], ends[1 - closing]
        here.sendall(b"last words")
        here.close()
        assert receive(there, 10) == b"last words"
        assert there.recv(1) == b""


def test_nobody_upstream_closes_the_connection(wires: Wires) -> None:
    wires.close_upstream()
    with socket.create_connection(wires.address, timeout=10) as client:
        assert how_it_ends(client) in {"closed", "reset"}


def test_latency_delays_one_direction(wires: Wires) -> None:
    wires.add("latency", latency=300)
    with wires.connected() as (client, server):
        with at_least(0.3):
            server.sendall(b"answer")
            assert receive(client, 6) == b"answer"
        client.sendall(b"question")
        assert not is_silent(server, seconds=0.2)


def test_jitter_takes_away_no_more_than_it_says(wires: Wires) -> None:
    wires.add("latency", stream="upstream", latency=200, jitter=100)
    with wires.connected() as (client, server):
        for _ in range(3):
            with at_least(0.1):
                client.sendall(b"x")
                receive(server, 1)


def test_latency_delays_messages_side_by_side(wires: Wires) -> None:
    wires.add("latency", latency=400)
    with wires.connected() as (client, server):
        client.settimeout(3)  # one after the other they would take 8 s
        for _ in range(20):
            server.sendall(b"x")
            assert is_silent(client, seconds=0.005)
        assert receive(client, 20) == b"x" * 20


def test_toxics_add_up(wires: Wires) -> None:
    wires.api.call(
        "POST",
        f"{wires.path}/toxics",
        {"name": "more", "type": "latency", "attributes": {"latency": 150}},
    )
    wires.add("latency", latency=150)
    with wires.connected() as (client, server), at_least(0.3):
        server.sendall(b"x")
        receive(client, 1)


def test_a_toxic_takes_hold_of_an_open_connection_and_lets_it_go(wires: Wires) -> None:
    with wires.connected() as (client, server):
        server.sendall(b"before")
        assert receive(client, 6) == b"before"
        toxic = wires.add("latency", latency=FOREVER_MILLISECONDS)
        server.sendall(b"held")
        assert is_silent(client, seconds=0.3)
        assert wires.api.call("DELETE", toxic).status == 204
        assert receive(client, 4) == b"held"
        server.sendall(b"after")
        assert receive(client, 5) == b"after"


def test_an_update_takes_hold_of_an_open_connection(wires: Wires) -> None:
    toxic = wires.add("latency", latency=FOREVER_MILLISECONDS)
    with wires.connected() as (client, server):
        server.sendall(b"one")
        assert is_silent(client, seconds=0.1)
        wires.api.call("PATCH", toxic, {"attributes": {"latency": 200}})
        assert receive(client, 3) == b"one"
        with at_least(0.2):
            server.sendall(b"two")
            assert receive(client, 3) == b"two"


def test_bandwidth_takes_its_time(wires: Wires) -> None:
    wires.add("bandwidth", stream="upstream", rate=100)
    with wires.connected() as (client, server), at_least(0.48):
        client.sendall(b"x" * 50_000)
        receive(server, 50_000)


def test_bandwidth_taken_off_lets_the_rest_pass(wires: Wires) -> None:
    toxic = wires.add("bandwidth", stream="upstream", rate=1)
    with wires.connected() as (client, server):
        client.sendall(b"x" * 60_000)  # a minute's worth
        assert wires.api.call("DELETE", toxic).status == 204
        assert receive(server, 60_000) == b"x" * 60_000


def test_timeout_0_drops_everything_and_closes_when_taken_off(wires: Wires) -> None:
    toxic = wires.add("timeout", timeout=0)
    with wires.connected() as (client, server):
        server.sendall(b"lost")
        assert is_silent(client, seconds=0.3)
        client.sendall(b"arrives")
        assert receive(server, 7) == b"arrives"
        assert wires.api.call("DELETE", toxic).status == 204
        assert how_it_ends(client) == "closed"
        assert how_it_ends(server) in {"closed", "reset"}


def test_timeout_closes_after_its_time(wires: Wires) -> None:
    wires.add("timeout", timeout=300)
    with wires.connected() as (client, server), at_least(0.3):
        server.sendall(b"lost")
        assert client.recv(1) == b""


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
@pytest.mark.parametrize("milliseconds", [0, 200])
def test_reset_peer_resets_both_ends(wires: Wires, stream: str, milliseconds: int) -> None:
    wires.add("reset_peer", stream=stream, timeout=milliseconds)
    with wires.connected() as (client, server):
        sender = client if stream == "upstream" else server
        with at_least(milliseconds / 1000):
            sender.sendall(b"trigger")
            assert how_it_ends(client) == "reset"
        assert how_it_ends(server) == "reset"


def test_slicer_cuts_and_spreads(wires: Wires) -> None:
    wires.add("slicer", average_size=8, size_variation=2, delay=20_000)
    sent = bytes(range(64))
    with wires.connected() as (client, server), at_least(5 * 0.02):
        server.sendall(sent)
        pieces: list[bytes] = []
        while len(b"".join(pieces)) < 64:
            pieces.append(client.recv(64))
        assert b"".join(pieces) == sent
        assert len(pieces) > 1


def test_limit_data_closes_once_the_bytes_have_passed(wires: Wires) -> None:
    toxic = wires.add("limit_data", bytes=10)
    with wires.connected() as (client, server):
        server.sendall(b"123456")
        assert receive(client, 6) == b"123456"
        # A change of the limit keeps what was counted.
        wires.api.call("PATCH", toxic, {"attributes": {"bytes": 8}})
        server.sendall(b"789abc")
        assert receive(client, 2) == b"78"
        assert client.recv(1) == b""


def test_slow_close_delays_the_end_alone(wires: Wires) -> None:
    wires.add("slow_close", delay=400)
    with wires.connected() as (client, server), at_least(0.4):
        server.sendall(b"last words")
        server.close()
        assert receive(client, 10) == b"last words"
        assert is_silent(client, seconds=0.2)
        assert client.recv(1) == b""


def test_toxicity_0_does_nothing_and_1_always_bites(wires: Wires) -> None:
    toxic = wires.add("latency", toxicity=0, latency=FOREVER_MILLISECONDS)
    for _ in range(8):
        with wires.connected() as (client, server):
            server.sendall(b"x")
            assert receive(client, 1) == b"x"
    wires.api.call("PATCH", toxic, {"toxicity": 1})
    for _ in range(8):
        with wires.connected() as (client, server):
            server.sendall(b"x")
            assert is_silent(client, seconds=0.05)


def test_toxicity_is_drawn_for_each_connection(wires: Wires) -> None:
    wires.add("limit_data", toxicity=0.5, bytes=0)
    fates = set()
    for _ in range(60):  # all alike once in 2**59 runs
        with wires.connected() as (client, server):
            server.sendall(b"x")
            fates.add(client.recv(1))
    assert fates == {b"x", b""}


def test_down_refuses_and_drops_and_up_listens_again(wires: Wires) -> None:
    with wires.connected() as (client, server):
        client.sendall(b"x")
        receive(server, 1)
        wires.api.call("POST", wires.path, {"enabled": False})
        assert how_it_ends(client) in {"closed", "reset"}
        assert how_it_ends(server) in {"closed", "reset"}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(wires.address, timeout=10)
    wires.api.call("POST", wires.path, {"enabled": True})
    with wires.connected() as (client, server):
        client.sendall(b"again")
        assert receive(server, 5) == b"again"


def test_down_drops_what_toxics_hold(wires: Wires) -> None:
    wires.add("latency", latency=FOREVER_MILLISECONDS)
    with wires.connected() as (client, server):
        server.sendall(b"held")
        assert is_silent(client, seconds=0.1)
        wires.api.call("POST", wires.path, {"enabled": False})
        assert how_it_ends(client) in {"closed", "reset"}


def test_a_deleted_proxy_drops_its_connections(wires: Wires) -> None:
    with wires.connected() as (client, server):
        client.sendall(b"x")
        receive(server, 1)
        assert wires.api.call("DELETE", wires.path).status == 204
        assert how_it_ends(client) in {"closed", "reset"}
