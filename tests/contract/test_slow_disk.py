"""We believe that a slow disk is its node's alone, or is refused in a sentence."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Trace, TraceKind
from environments.replica.nodes import ContainerNode
from environments.selectors import find_node, select
from fixtures.faults import SlowDisk, describe, rebuild

if TYPE_CHECKING:
    from pathlib import Path

    from environments.model import Environment

pytestmark = [pytest.mark.contract, pytest.mark.settings(Settings())]
HOSTS_WRITE_SECONDS = 0.5


def test_a_slow_disk_holds_its_node_back_and_nobody_else(
    replica: Environment, tmp_path: Path
) -> None:
    fault = SlowDisk("db:primary", writes_per_second=4).plan(replica)
    (primary,) = select(replica, "db:primary")
    standby = next(node for node in select(replica, "db") if node != primary)
    if why_not := fault.unavailable(replica):
        assert "cannot hold its writes back" in why_not
        pytest.skip(why_not)
    anybody = rebuild(json.loads(json.dumps(describe(fault))))
    try:
        fault.inject(replica)
        fault.inject(replica)
        assert fault.has_taken_effect(replica)
        assert not fault.has_gone(replica)
        assert replica.traces({primary.name}) == fault.traces(replica)
        assert SlowDisk(standby.name, 4).unavailable(replica) is None
        assert host_writes_within(tmp_path) < HOSTS_WRITE_SECONDS
    finally:
        anybody.revert(replica)
        anybody.revert(replica)
    assert fault.has_gone(replica)
    assert fault.unavailable(replica) is None
    assert replica.traces({primary.name}) == frozenset()


def test_a_limit_that_somebody_left_is_seen_and_left_alone(replica: Environment) -> None:
    node = find_node(replica, "east-db-3")
    assert isinstance(node, ContainerNode)
    if why_not := node.why_disk_cannot_be_slowed():
        pytest.skip(why_not)
    try:
        node.slow_disk(19)
        (left,) = replica.traces({"east-db-3"})
        assert left == Trace("east-db-3", TraceKind.LIMIT, node.mark_of_slow_disk(19))
        assert "has a limit on its disk already" in str(
            SlowDisk("east-db-3", 4).unavailable(replica)
        )
        SlowDisk("east-db-3", 4).revert(replica)
        assert node.is_disk_slowed(19)
    finally:
        node.unslow_disk(19)
    assert replica.traces({"east-db-3"}) == frozenset()


def host_writes_within(folder: Path) -> float:
    """Say how many seconds a write of this host takes until it is on the disk."""
    began = time.monotonic()
    with (folder / "probe").open("wb") as file:
        file.write(bytes(8192))
        os.fsync(file.fileno())
    return time.monotonic() - began
