"""We believe that TakePorts holds every port of its range, and is seen by a connection."""

from __future__ import annotations

import json
import os
import shutil
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures.faults import TakePorts, describe, rebuild
from fixtures.waiting import wait_until
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not shutil.which("perl"), reason="the fault's tool is perl")
FAULT = TakePorts("east-edge")
A_WHILE = timedelta(seconds=10)
FIRST = 15000 + os.getpid() % 4000 * 4
LAST = FIRST + 3
# This host has ports beyond those of the test: a connection fails once these are all held.
PERL = rf"""
case $1 in
  -MSocket) exec {shutil.which("perl")} -MSocket -e '
    for ({FIRST} .. {LAST}) {{
      socket(my $one, PF_INET, SOCK_STREAM, 0);
      exit if bind($one, sockaddr_in($_, INADDR_ANY));
    }}
    print "no port"' ;;
  *) exec {shutil.which("perl")} "$@" ;;
esac
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> Iterator[HostNode]:
    (host,) = put_on_hosts(world, tmp_path, "east-edge")
    ports = host.below("/proc/sys/net/ipv4/ip_local_port_range")
    ports.parent.mkdir(parents=True)
    ports.write_text(f"{FIRST}\t{LAST}\n")
    host.has("perl", PERL)
    yield host
    FAULT.revert(world)


def wait_for_effect(world: FakeEnvironment) -> None:
    wait_until("the effect", lambda: FAULT.has_taken_effect(world), at_most=A_WHILE)


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    assert str(FAULT) == "Take all ephemeral ports of east-edge"
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    FAULT.inject(world)
    FAULT.inject(world)
    wait_for_effect(world)
    assert not FAULT.has_gone(world)
    assert FAULT.traces(world) == host.damage()
    assert f"ended those from range({FIRST}, {LAST + 1})" in [line for _, line in host.lines]
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)


def test_a_port_that_somebody_gives_back_is_taken_too(
    world: FakeEnvironment, host: HostNode
) -> None:
    with socket.socket() as somebodys:
        somebodys.bind(("", LAST))
        FAULT.inject(world)
    wait_for_effect(world)
    assert FAULT.stands(world)
    os.kill(int((host.kept[0] / "pid").read_text()), 9)
    wait_until("the tool to end", lambda: not FAULT.stands(world), at_most=A_WHILE)
    assert not FAULT.has_taken_effect(world)


def test_more_ports_than_can_be_taken_are_refused(
    world: FakeEnvironment, host: HostNode
) -> None:
    host.below("/proc/sys/net/ipv4/ip_local_port_range").write_text("32768 60999\n")
    assert "has 28232 ports of its own, more than 4096" in str(FAULT.unavailable(world))


def test_a_node_without_a_port_is_refused(world: FakeEnvironment, host: HostNode) -> None:
    host.has("perl", 'echo "no port"')
    assert "has no port of its own left already" in str(FAULT.unavailable(world))
    assert not FAULT.has_taken_effect(world)


def test_the_incapable_is_refused(world: FakeEnvironment) -> None:
    incapable = TakePorts("bastion")
    assert incapable.unavailable(world) == "bastion cannot be made to connect again"
    with pytest.raises(WorldError):
        incapable.inject(world)
