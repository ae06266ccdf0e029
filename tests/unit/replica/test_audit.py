"""We believe that an audit is whole or says what it could not read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from environments.model import Completed, GoneError, Trace, WorldError, paused, stopped
from environments.replica.audit import Audit
from environments.replica.slow_disk import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOTHING = "=== muster ===\n"


def now() -> str:
    return f"{int(datetime.now(UTC).timestamp())}\n"


def node(
    name: str,
    *,
    is_paused: bool | Exception = False,
    is_running: bool = True,
    says: Callable[[], Completed] = lambda: Completed(0, now(), "", 0),
    network: str | Exception = NOTHING,
    role: str = "app",
    throttle: object = None,
) -> Any:  # noqa: ANN401 - a stand-in for ContainerNode
    def asked_network(*_: object) -> str:
        return str(raised(network))

    return SimpleNamespace(
        name=name,
        role=role,
        is_paused=lambda: raised(is_paused),
        is_running=lambda: is_running,
        throttle=lambda: throttle,
        run=lambda *_, **__: says(),
        sidecars=SimpleNamespace(in_network_of=asked_network),
        container=SimpleNamespace(inspect=lambda: {"HostConfig": {}, "Config": {"Labels": {}}}),
    )


def raised(value: object) -> object:
    if isinstance(value, Exception):
        raise value
    return value


def traces(*nodes: object, among: set[str] | None = None) -> frozenset[Trace]:
    server = SimpleNamespace(marks=lambda: {"app-to-db": frozenset({"theirs"})})
    engine = SimpleNamespace(info=lambda: {"SystemTime": datetime.now(UTC).isoformat()})
    with ThreadPoolExecutor(4) as threads:
        audit = Audit(
            cast("Any", nodes), cast("Any", {"links": server}), cast("Any", engine), threads
        )
        return audit.traces(among)


def no_shell() -> Completed:
    raise WorldError("a could not run 'sh': exec: \"timeout\": executable file not found in")


def failing() -> Completed:
    raise WorldError("a is out of order")


def test_of_a_node_that_is_down_nothing_else_is_asked() -> None:
    broken = WorldError("it must not be asked")
    assert traces(
        node("gone", is_paused=GoneError("gone"), network=broken),
        node("dead", is_running=False, network=broken),
        node("cold", is_paused=True, network=broken),
        among={"gone", "dead", "cold"},
    ) == {stopped("gone"), stopped("dead"), paused("cold")}


@pytest.mark.parametrize(
    "says",
    [
        no_shell,
        lambda: Completed(126, "OCI runtime exec failed", "", 0),
        lambda: Completed(127, "", "timeout: failed to run command", 0),
    ],
)
def test_a_node_without_a_shell_is_let_be(says: Callable[[], Completed]) -> None:
    assert traces(node("a", says=says), among={"a"}) == frozenset()


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (failing, "a is out of order"),
        (lambda: Completed(1, "", "date: no", 0), "a did not say what time it is: date: no"),
    ],
)
def test_a_node_that_cannot_be_read_is_named(says: Callable[[], Completed], why: str) -> None:
    with pytest.raises(WorldError, match=why):
        traces(node("a", says=says), node("b"))


def test_all_that_could_not_be_read_is_named() -> None:
    with pytest.raises(WorldError, match="no a; no b"):
        traces(node("a", network=WorldError("no a")), node("b", network=WorldError("no b")))


def test_what_holds_back_its_writes_is_a_limit_whoever_put_it_there(tmp_path: Path) -> None:
    file = tmp_path / "blkio.throttle.write_iops_device"
    file.write_text("254:0 4\n8:0 1\n")
    throttled = node("a", throttle=Throttle(file, "254:0"))
    assert {str(trace) for trace in traces(throttled, among={"a"})} == {
        "a: limit: blkio.throttle.write_iops_device 254:0 4",
        "a: limit: blkio.throttle.write_iops_device 8:0 1",
    }


def test_links_are_read_unless_their_server_is_down_or_others_are_meant() -> None:
    found = {str(trace) for trace in traces(node("a"), node("links", role="links"))}
    assert found == {"app-to-db: toxic: theirs"}
    assert traces(node("links", role="links", is_paused=True)) == {paused("links")}
    assert traces(node("a"), among={"a"}) == frozenset()
    assert traces(node("a"), among={"app-to-cache"}) == frozenset()
    assert len(traces(node("a"), among={"app-to-db"})) == 1
