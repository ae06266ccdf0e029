"""toxiproxy-python, as it is, drives the server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from toxiproxy import Toxiproxy  # type: ignore[import-untyped] # ships no types
from toxiproxy.api import APIConsumer  # type: ignore[import-untyped] # ships no types
from toxiproxy.exceptions import (  # type: ignore[import-untyped] # ships no types
    InvalidToxic,
    NotFound,
    ProxyExists,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.links.wires import Api


@pytest.fixture
def library(api: Api) -> Iterator[Toxiproxy]:
    before = APIConsumer.host, APIConsumer.port
    library = Toxiproxy()
    library.update_api_consumer(api.host, api.port)
    yield library
    library.update_api_consumer(*before)


def test_the_library_sees_the_server(library: Toxiproxy) -> None:
    assert library.running()
    assert json.loads(library.version())["version"].startswith("2.")


def test_the_library_makes_impairs_and_destroys_a_proxy(library: Toxiproxy, name: str) -> None:
    proxy = library.create(upstream="127.0.0.1:1", name=name)
    assert proxy.enabled
    proxy.add_toxic(type="latency", attributes={"latency": 5})
    proxy.add_toxic(type="bandwidth", name="thin", stream="upstream", attributes={"rate": 7})
    toxics = proxy.toxics()
    assert set(toxics) == {"latency_downstream", "thin"}
    assert toxics["thin"].attributes == {"rate": 7}
    proxy.destroy_toxic("thin")
    assert set(proxy.toxics()) == {"latency_downstream"}
    with proxy.down():
        assert not library.get_proxy(name).enabled
    assert library.get_proxy(name).enabled
    library.reset()
    assert proxy.toxics() == {}
    library.destroy(proxy)
    assert library.get_proxy(name) is None


def test_the_library_populates(library: Toxiproxy, name: str) -> None:
    (proxy,) = library.populate([{"name": name, "upstream": "127.0.0.1:1"}])
    assert library.get_proxy(name).listen == proxy.listen
    library.destroy(proxy)


def test_the_library_raises_what_the_server_refuses(library: Toxiproxy, name: str) -> None:
    proxy = library.create(upstream="127.0.0.1:1", name=name)
    with pytest.raises(InvalidToxic, match="invalid toxic type"):
        proxy.add_toxic(type="nonsense")
    proxy.add_toxic(type="latency")
    with pytest.raises(ProxyExists, match="toxic already exists"):
        proxy.add_toxic(type="latency")
    with pytest.raises(NotFound, match="toxic not found"):
        proxy.destroy_toxic("nobody")
    library.destroy(proxy)
    with pytest.raises(NotFound, match="proxy not found"):
        proxy.toxics()
