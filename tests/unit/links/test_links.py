"""Our links: what is put on is on, what is taken off is off, and nobody else's is touched."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import (
    Bandwidth,
    ConnectionReset,
    Down,
    Impairment,
    ImpairmentError,
    Latency,
    Link,
    Stream,
)
from environments.replica.links import (
    LinkSpec,
    LinksServer,
    ToxiproxyLink,
    http_greeting,
    redis_greeting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.links.wires import Api, Echo, Wires

SOON = timedelta(seconds=10)
IMPAIRMENTS: list[Impairment] = [
    Latency(2000),
    Latency(50, jitter_milliseconds=10, stream=Stream.UPSTREAM),
    Bandwidth(100),
    Bandwidth(100, Stream.DOWNSTREAM),
    ConnectionReset(),
    ConnectionReset(250, Stream.UPSTREAM),
    Down(),
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture
def server(api: Api) -> LinksServer:
    return LinksServer(api.host, api.port)


@pytest.fixture
def link(server: LinksServer, api: Api, name: str, echo: Echo) -> Iterator[ToxiproxyLink]:
    spec = LinkSpec(name, free_port(), echo.address, redis_greeting)
    server.populate([spec], listen_host="127.0.0.1")
    (link,) = server.links([spec], lambda: "127.0.0.1")
    yield link
    api.call("DELETE", f"/proxies/{name}")


def of_another_process(link: ToxiproxyLink, api: Api) -> Link:
    spec = LinkSpec(link.name, 1, "nowhere:1", redis_greeting)
    return LinksServer(api.host, api.port).links([spec], lambda: "127.0.0.1")[0]


def test_the_server_says_its_version(server: LinksServer) -> None:
    assert server.version().startswith("2.")


@pytest.mark.parametrize("impairment", IMPAIRMENTS, ids=str)
def test_an_impairment_goes_on_once_and_off_once(
    link: ToxiproxyLink, api: Api, impairment: Impairment
) -> None:
    assert link.impairments() == frozenset()
    link.impair(impairment)
    link.impair(impairment)
    assert link.impairments() == {impairment}
    assert len(api.call("GET", f"/proxies/{link.name}/toxics").json) <= 1
    another = of_another_process(link, api)
    assert another.impairments() == {impairment}
    another.mend(impairment)
    assert link.impairments() == frozenset()
    link.mend(impairment)
    assert api.call("GET", f"/proxies/{link.name}").json["toxics"] == []


def test_impairments_come_off_one_by_one(link: ToxiproxyLink) -> None:
    for impairment in IMPAIRMENTS:
        link.impair(impairment)
    remaining = set(IMPAIRMENTS)
    for impairment in IMPAIRMENTS:
        assert link.impairments() == remaining
        link.mend(impairment)
        remaining.remove(impairment)
    assert link.impairments() == frozenset()


def test_toxics_of_others_are_neither_seen_nor_touched(link: ToxiproxyLink, api: Api) -> None:
    path = f"/proxies/{link.name}/toxics"
    theirs = [
        {"type": "latency", "attributes": {"latency": 2000}},
        {"type": "slicer", "name": "muster-slicer"},
        # Ours by name, but somebody changed what it does.
        {
            "type": "latency",
            "name": "muster-latency-upstream-7-0",
            "stream": "upstream",
            "attributes": {"latency": 8},
        },
    ]
    for toxic in theirs:
        assert api.call("POST", path, toxic).status == 200
    before = api.call("GET", path).json
    link.impair(Latency(2000))
    assert link.impairments() == {Latency(2000)}
    for impairment in (Latency(2000), Latency(8, stream=Stream.UPSTREAM), Down()):
        link.mend(impairment)
    assert api.call("GET", path).json == before


def test_an_impairment_whose_name_is_taken_is_reported(link: ToxiproxyLink, api: Api) -> None:
    taken = {"type": "latency", "name": "muster-latency-downstream-9-0"}
    api.call("POST", f"/proxies/{link.name}/toxics", taken)
    with pytest.raises(ImpairmentError, match="already exists"):
        link.impair(Latency(9))


def test_populate_keeps_what_is_right_and_replaces_what_is_not(
    server: LinksServer, wires: Wires
) -> None:
    port = wires.address[1]
    right = LinkSpec(wires.name, port, wires.upstream, redis_greeting)
    with wires.connected() as (client, there):
        server.populate([right], listen_host="127.0.0.1")
        client.sendall(b"x")
        assert there.recv(1) == b"x"
    other = LinkSpec(wires.name, port, "127.0.0.1:1", redis_greeting)
    server.populate([other], listen_host="127.0.0.1")
    assert wires.api.call("GET", wires.path).json["upstream"] == "127.0.0.1:1"


def test_populate_says_why_it_could_not(server: LinksServer, wires: Wires) -> None:
    spec = LinkSpec(f"{wires.name}-b", wires.address[1], wires.upstream, redis_greeting)
    with pytest.raises(ImpairmentError, match="address already in use"):
        server.populate([spec], listen_host="127.0.0.1")


def test_a_link_that_is_not_there_is_reported(link: ToxiproxyLink, api: Api) -> None:
    api.call("DELETE", f"/proxies/{link.name}")
    for use in (link.impair, link.mend):
        with pytest.raises(ImpairmentError, match="has no link"):
            use(Latency(1))
    with pytest.raises(ImpairmentError, match="has no link"):
        link.impairments()


def test_a_round_trip_is_timed(link: ToxiproxyLink) -> None:
    assert link.round_trip(within=SOON).failure is None
    link.impair(Latency(300))
    slow = link.round_trip(within=SOON)
    assert slow.failure is None
    assert slow.seconds >= 0.298


def test_a_payload_takes_its_time_on_a_thin_link(link: ToxiproxyLink) -> None:
    link.impair(Bandwidth(20))
    # An echo answers the first bytes at once; the first 2,000 take 100 ms.
    assert link.round_trip(payload_bytes=9_000, within=SOON).seconds >= 0.098


def test_failures_of_a_round_trip_have_names(link: ToxiproxyLink) -> None:
    link.impair(ConnectionReset())
    assert link.round_trip(within=SOON).failure == "reset"
    link.mend(ConnectionReset())
    link.impair(Down())
    assert link.round_trip(within=SOON).failure == "refused"
    link.mend(Down())
    link.impair(Latency(60_000))
    late = link.round_trip(within=timedelta(seconds=0.2))
    assert late.failure == "timeout"
    assert late.seconds >= 0.198
    link.mend(Latency(60_000))
    assert link.round_trip(within=SOON).failure is None


def test_an_upstream_that_is_gone_closes_the_round_trip(
    server: LinksServer, wires: Wires
) -> None:
    wires.close_upstream()
    spec = LinkSpec(wires.name, wires.address[1], wires.upstream, http_greeting)
    (link,) = server.links([spec], lambda: wires.address[0])
    assert link.round_trip(within=SOON).failure in {"closed", "reset"}
