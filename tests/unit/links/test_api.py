"""The HTTP API answers as Toxiproxy 2 does: paths, status codes, bodies, defaults."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.links.wires import Api, Wires

SOMEWHERE = "127.0.0.1:1"


def refused(answer_content: dict[str, object]) -> tuple[object, object]:
    assert set(answer_content) >= {"error", "status"}
    return answer_content["status"], answer_content["error"]


def test_the_version_is_json(api: Api) -> None:
    answer = api.call("GET", "/version")
    assert answer.status == 200
    assert answer.json["version"].startswith("2.")


def test_a_browser_is_turned_away(api: Api) -> None:
    assert api.call("GET", "/proxies", headers={"User-Agent": "Mozilla/5.0"}).status == 403
    assert api.call("GET", "/proxies", headers={"User-Agent": "curl/8"}).status == 200


def test_a_proxy_is_created_shown_listed_and_deleted(api: Api, name: str) -> None:
    made = api.call(
        "POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": SOMEWHERE}
    )
    assert made.status == 201
    assert made.json["name"] == name
    assert made.json["upstream"] == SOMEWHERE
    assert made.json["enabled"] is True
    assert made.json["toxics"] == []
    assert int(made.json["listen"].rpartition(":")[2]) > 0
    assert api.call("GET", f"/proxies/{name}").json["listen"] == made.json["listen"]
    assert api.call("GET", "/proxies").json[name]["upstream"] == SOMEWHERE
    gone = api.call("DELETE", f"/proxies/{name}")
    assert (gone.status, gone.content) == (204, b"")
    assert api.call("GET", f"/proxies/{name}").status == 404
    assert name not in api.call("GET", "/proxies").json


def test_a_disabled_proxy_does_not_listen(api: Api, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        body = {"name": name, "listen": listen, "upstream": SOMEWHERE, "enabled": False}
        made = api.call("POST", "/proxies", body)
        assert made.status == 201
        assert made.json["enabled"] is False
        enabled = api.call("POST", f"/proxies/{name}", {"enabled": True})
        assert enabled.status == 500
        assert "address already in use" in enabled.json["error"]
        assert api.call("GET", f"/proxies/{name}").json["enabled"] is False
    api.call("DELETE", f"/proxies/{name}")


def test_a_proxy_whose_address_is_taken_is_not_created(api: Api, wires: Wires) -> None:
    body = {
        "name": f"{wires.name}-b",
        "listen": "{}:{}".format(*wires.address),
        "upstream": SOMEWHERE,
    }
    answer = api.call("POST", "/proxies", body)
    assert refused(answer.json)[0] == answer.status == 500
    assert api.call("GET", f"/proxies/{wires.name}-b").status == 404


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_proxy_is_updated(api: Api, wires: Wires, method: str) -> None:
    before = api.call("GET", wires.path).json
    after = api.call(method, wires.path, {"upstream": SOMEWHERE})
    assert after.status == 200
    assert after.json == before | {"upstream": SOMEWHERE}
    off = api.call(method, wires.path, {"enabled": False})
    assert off.json == after.json | {"enabled": False}


@pytest.mark.parametrize(
    ("body", "raw", "status", "error"),
    [
        ({"upstream": SOMEWHERE}, None, 400, "missing required field: name"),
        ({"name": "nobody"}, None, 400, "missing required field: upstream"),
        ({"name": 7, "upstream": SOMEWHERE}, None, 400, "bad request body: "),
        (
            {"name": "x", "upstream": SOMEWHERE, "enabled": "yes"},
            None,
            400,
            "bad request body: ",
        ),
        ([], None, 400, "bad request body: "),
        (None, b"{nonsense", 400, "bad request body: "),
        (None, b"", 400, "bad request body: "),
    ],
)
def test_a_proxy_that_makes_no_sense_is_refused(
    api: Api, body: object, raw: bytes | None, status: int, error: str
) -> None:
    answer = api.call("POST", "/proxies", body, raw=raw)
    assert answer.status == status
    said_status, said = refused(answer.json)
    assert said_status == status
    assert str(said).startswith(error)


def test_a_second_proxy_of_the_same_name_is_refused(api: Api, wires: Wires) -> None:
    answer = api.call(
        "POST",
        "/proxies",
        {"name": wires.name, "listen": "127.0.0.1:0", "upstream": SOMEWHERE},
    )
    assert answer.status == 409
    assert refused(answer.json) == (409, "proxy already exists")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/proxies/nobody"),
        ("POST", "/proxies/nobody"),
        ("PATCH", "/proxies/nobody"),
        ("DELETE", "/proxies/nobody"),
        ("GET", "/proxies/nobody/toxics"),
        ("POST", "/proxies/nobody/toxics"),
        ("GET", "/proxies/nobody/toxics/x"),
        ("PATCH", "/proxies/nobody/toxics/x"),
        ("DELETE", "/proxies/nobody/toxics/x"),
    ],
)
def test_nobodys_proxy_is_not_found(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path, {})
    assert answer.status == 404
    assert refused(answer.json) == (404, "proxy not found")


def test_unknown_paths_and_methods(api: Api) -> None:
    assert api.call("GET", "/nonsense").status == 404
    assert api.call("GET", "/reset").status == 405
    assert api.call("PUT", "/proxies").status == 405


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("latency", {"latency": 0, "jitter": 0}),
        ("bandwidth", {"rate": 0}),
        ("slow_close", {"delay": 0}),
        ("timeout", {"timeout": 0}),
        ("reset_peer", {"timeout": 0}),
        ("slicer", {"average_size": 0, "size_variation": 0, "delay": 0}),
        ("limit_data", {"bytes": 0}),
    ],
)
def test_what_a_toxic_does_not_say_has_a_default(
    wires: Wires, kind: str, attributes: dict[str, int]
) -> None:
    answer = wires.api.call("POST", f"{wires.path}/toxics", {"type": kind})
    assert answer.status == 200
    assert answer.json == {
        "name": f"{kind}_downstream",
        "type": kind,
        "stream": "downstream",
        "toxicity": 1,
        "attributes": attributes,
    }
    assert wires.api.call("GET", f"{wires.path}/toxics").json == [answer.json]
    assert wires.api.call("GET", wires.path).json["toxics"] == [answer.json]


def test_a_toxic_is_shown_updated_and_deleted(wires: Wires) -> None:
    body = {
        "name": "slow",
        "type": "latency",
        "stream": "upstream",
        "toxicity": 0.5,
        "attributes": {"latency": 100, "jitter": 10},
    }
    made = wires.api.call("POST", f"{wires.path}/toxics", body)
    assert made.json == body
    path = f"{wires.path}/toxics/slow"
    assert wires.api.call("GET", path).json == body
    for method, latency in (("POST", 200), ("PATCH", 300)):
        updated = wires.api.call(method, path, {"attributes": {"latency": latency}})
        assert updated.status == 200
        assert updated.json == body | {"attributes": {"latency": latency, "jitter": 10}}
    gentler = wires.api.call("PATCH", path, {"toxicity": 0.25, "name": "other"})
    assert gentler.json["toxicity"] == 0.25
    assert gentler.json["name"] == "slow"
    gone = wires.api.call("DELETE", path)
    assert (gone.status, gone.content) == (204, b"")
    for method in ("GET", "PATCH", "DELETE"):
        answer = wires.api.call(method, path, {})
        assert answer.status == 404
        assert refused(answer.json) == (404, "toxic not found")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"type": "nonsense"}, 400, "invalid toxic type"),
        ({}, 400, "invalid toxic type"),
        ({"type": "latency", "stream": "sideways"}, 400, "stream was invalid"),
        ({"type": "latency", "attributes": {"latency": "much"}}, 400, "bad request body: "),
        ({"type": "latency", "attributes": {"latency": 1.5}}, 400, "bad request body: "),
        ({"type": "latency", "toxicity": "much"}, 400, "bad request body: "),
        ([], 400, "bad request body: "),
    ],
)
def test_a_toxic_that_makes_no_sense_is_refused(
    wires: Wires, body: object, status: int, error: str
) -> None:
    answer = wires.api.call("POST", f"{wires.path}/toxics", body)
    assert answer.status == status
    said_status, said = refused(answer.json)
    assert said_status == status
    assert str(said).startswith(error)
    assert wires.api.call("GET", f"{wires.path}/toxics").json == []


def test_a_second_toxic_of_the_same_name_is_refused(wires: Wires) -> None:
    wires.add("latency", latency=1)
    answer = wires.api.call("POST", f"{wires.path}/toxics", {"type": "latency"})
    assert answer.status == 409
    assert refused(answer.json) == (409, "toxic already exists")


def test_reset_enables_every_proxy_and_takes_off_every_toxic(wires: Wires) -> None:
    wires.add("latency", latency=1)
    wires.add("bandwidth", stream="upstream", rate=1)
    wires.api.call("POST", wires.path, {"enabled": False})
    answer = wires.api.call("POST", "/reset")
    assert (answer.status, answer.content) == (204, b"")
    after = wires.api.call("GET", wires.path).json
    assert after["enabled"] is True
    assert after["toxics"] == []


def test_populate_adds_keeps_and_replaces(wires: Wires) -> None:
    listen = "{}:{}".format(*wires.address)
    wires.add("latency", latency=1)
    new = {"name": f"{wires.name}-b", "listen": "127.0.0.1:0", "upstream": SOMEWHERE}
    same = {"name": wires.name, "listen": listen, "upstream": wires.upstream}
    answer = wires.api.call("POST", "/populate", [same, new])
    assert answer.status == 201
    kept, added = answer.json["proxies"]
    assert len(kept["toxics"]) == 1
    assert added["upstream"] == SOMEWHERE
    assert added["enabled"] is True
    other = wires.api.call("POST", "/populate", [same | {"upstream": SOMEWHERE}])
    assert other.status == 201
    replaced = wires.api.call("GET", wires.path).json
    assert (replaced["upstream"], replaced["toxics"]) == (SOMEWHERE, [])
    wires.api.call("DELETE", f"/proxies/{wires.name}-b")


def test_populate_says_which_proxy_makes_no_sense(api: Api, name: str) -> None:
    sensible = {"name": name, "listen": "127.0.0.1:0", "upstream": SOMEWHERE}
    answer = api.call("POST", "/populate", [sensible, {"name": "nowhere"}])
    assert answer.status == 400
    assert refused(answer.json) == (400, "missing required field: upstream at proxy 2")
    assert api.call("GET", f"/proxies/{name}").status == 404
