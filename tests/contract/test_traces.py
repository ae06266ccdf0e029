"""We believe that an audit reads from the world all that is not as a whole one has it.

What a fault says that it will change is exactly what the audit finds changed, on the fake
and on the replica, so that either can say what somebody left behind.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from environments.model import Direction, Trace, TraceKind
from environments.replica.assembling import LINKS_API
from environments.replica.nodes import ContainerNode
from environments.replica.replica import Replica
from environments.selectors import find_node
from fixtures.faults import (
    Cut,
    Fault,
    Kill,
    LoseDns,
    LosePackets,
    Partition,
    Pause,
    Reset,
    Slow,
    Throttle,
)
from fixtures.waiting import wait_until
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Environment

READ_WITHIN = timedelta(seconds=30)
# Every kind, none where another hides it: of a node that is down nothing else is known.
AT_ONCE: list[Fault] = [
    Kill("east-app-1,east-etcd-3"),
    Pause("east-app-2"),
    Partition("east-cache-1", "payments,bastion"),
    Partition("payments", "bastion", Direction.INBOUND),
    Partition("payments", "bastion", Direction.OUTBOUND),
    LosePackets("payments", "bastion", 30),
    LoseDns("payments"),
    Slow("app-to-db", timedelta(milliseconds=200), timedelta(milliseconds=100)),
    Throttle("app-to-db", 10),
    Cut("app-to-cache"),
    Reset("app-to-payments"),
]
# A node that is down, one that is not, and a link.
ONE_OF_EACH_PLACE: list[Fault] = [
    Pause("east-app-2"),
    Partition("east-cache-1", "payments,bastion"),
    Cut("app-to-payments"),
]


def test_what_faults_say_they_change_is_what_is_found_and_nothing_else(
    world: Environment,
) -> None:
    before = world.traces()
    planned = [fault.plan(world) for fault in AT_ONCE]
    expected = frozenset(trace for fault in planned for trace in fault.traces(world))
    with ExitStack() as mending:
        for fault in planned:
            mending.callback(fault.revert, world)
            fault.inject(world)
        wait_until(
            "the kills to have bitten",
            lambda: planned[0].has_taken_effect(world),
            at_most=READ_WITHIN,
        )
        assert world.traces() - before == expected
        assert len(expected) == 12
    wait_until(
        "everything to be gone",
        lambda: all(fault.has_gone(world) for fault in planned),
        at_most=READ_WITHIN,
    )
    assert world.traces() == before == frozenset()


@pytest.mark.parametrize("fault", ONE_OF_EACH_PLACE, ids=str)
def test_reading_some_reads_no_others(world: Environment, fault: Fault) -> None:
    others = [other for other in ONE_OF_EACH_PLACE if other != fault]
    with ExitStack() as mending:
        for one in ONE_OF_EACH_PLACE:
            mending.callback(one.revert, world)
            one.inject(world)
        wait_until(
            f"only {fault} to be read",
            lambda: world.traces(fault.nodes()) == fault.traces(world),
            at_most=READ_WITHIN,
        )
        for other in others:
            other.revert(world)
        assert world.traces(fault.nodes()) == fault.traces(world)
    assert world.traces(fault.nodes()) == frozenset()


@pytest.mark.parametrize("fault", AT_ONCE, ids=str)
def test_a_fault_alone_leaves_the_traces_that_it_names(fault: Fault) -> None:
    world = FakeEnvironment()
    planned = fault.plan(world)
    planned.inject(world)
    assert world.traces() == planned.traces(world)
    planned.revert(world)
    assert world.traces() == frozenset()


# What nobody of us did, on the real thing

ROOT_DOES = {
    "/dev/shm is nearly full": (  # noqa: S108 - it is the case
        "head -c 64M /dev/zero > /dev/shm/fill || true",
        "rm /dev/shm/fill",
    ),
    "behind the engine's": (
        r"printf '#!/bin/sh\necho 1000\n' > /usr/local/bin/date; chmod +x /usr/local/bin/date",
        "rm /usr/local/bin/date",
    ),
}
TOOLS_DO = {
    "-t filter -A INPUT -s 203.0.113.9/32 -j DROP": (
        "iptables -A INPUT -s 203.0.113.9/32 -j DROP",
        "iptables -D INPUT -s 203.0.113.9/32 -j DROP",
    ),
    "-t mangle -P FORWARD DROP": (
        "iptables -t mangle -P FORWARD DROP",
        "iptables -t mangle -P FORWARD ACCEPT",
    ),
    "tbf on eth0": (
        "tc qdisc add dev eth0 root tbf rate 900mbit burst 1mb latency 50ms",
        "tc qdisc del dev eth0 root",
    ),
}


def as_root(node: ContainerNode, script: str) -> None:
    engine = node.container.engine
    execution = engine.exec_create(node.container.id, ["sh", "-c", script], user="root")
    engine.exec_start(execution["Id"])


def limited(node: ContainerNode, *, pids: int) -> None:
    url = f"{node.container.engine.base_url}/containers/{node.container.id}/update"
    answer = node.container.engine.post(url, json={"PidsLimit": pids}, timeout=10)
    answer.raise_for_status()


@pytest.fixture
def vandal(replica: Environment) -> Iterator[ExitStack]:
    """Undo what a test did to the cache and the links by hand."""
    with ExitStack() as undoing:
        yield undoing
    assert replica.traces({"east-cache-1", "app-to-cache"}) == frozenset()


@pytest.mark.contract
def test_what_somebody_else_did_is_read_as_well(
    replica: Environment, vandal: ExitStack
) -> None:
    cache = find_node(replica, "east-cache-1")
    assert isinstance(cache, ContainerNode)
    for do, undo in TOOLS_DO.values():
        vandal.callback(cache.sidecars.in_network_of, cache.container, undo)
        cache.sidecars.in_network_of(cache.container, do)
    for do, undo in ROOT_DOES.values():
        vandal.callback(as_root, cache, undo)
        as_root(cache, do)
    vandal.callback(limited, cache, pids=-1)
    limited(cache, pids=500)
    found = replica.traces({"east-cache-1"})
    assert {trace.what for trace in found} == {*TOOLS_DO, *ROOT_DOES, "PidsLimit=500"}
    assert {trace.kind for trace in found} == {
        TraceKind.FIREWALL,
        TraceKind.QDISC,
        TraceKind.LIMIT,
        TraceKind.CLOCK,
        TraceKind.DISK,
    }


@pytest.mark.contract
def test_a_toxic_of_another_name_and_a_link_of_nobodys_are_read(
    replica: Environment, vandal: ExitStack
) -> None:
    assert isinstance(replica, Replica)
    port = replica.started["links"].port(LINKS_API)
    server = f"http://127.0.0.1:{port}/proxies"
    toxic = {"name": "theirs", "type": "slicer", "attributes": {"average_size": 9000}}
    vandal.callback(requests.delete, f"{server}/app-to-cache/toxics/theirs", timeout=5)
    requests.post(f"{server}/app-to-cache/toxics", json=toxic, timeout=5).raise_for_status()
    proxy = {"name": "nobodys", "listen": "0.0.0.0:9999", "upstream": "payments:1"}
    vandal.callback(requests.delete, f"{server}/nobodys", timeout=5)
    requests.post(server, json={**proxy, "enabled": False}, timeout=5).raise_for_status()
    assert replica.traces() == {
        Trace("app-to-cache", TraceKind.TOXIC, "theirs"),
        Trace("nobodys", TraceKind.TOXIC, "disabled"),
    }
