"""We believe that what runs out on a node bites for real, there alone, and comes back."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import find_node, select
from fixtures.faults import (
    Fault,
    FillDataDisk,
    FillDisk,
    FillLogDisk,
    SlowDisk,
    TakeInodes,
    TakePorts,
    describe,
    rebuild,
)
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Environment

pytestmark = [pytest.mark.contract, pytest.mark.settings(Settings(bounded=True))]

EFFECT_WITHIN = timedelta(seconds=15)
GONE_WITHIN = timedelta(seconds=30)
DATA, LINES = "/var/lib/muster/postgres", "/var/log/orders"
FAULTS: list[Fault] = [
    FillDisk("app", LINES),
    FillDisk("db:replica", "/var/lib/muster/log"),
    FillDataDisk("db:primary"),
    TakeInodes("app@east-b", LINES),
    TakeInodes("db:primary", DATA),
    TakePorts("edge"),
]
LEFT_ON_HOST = 64 << 20  # bytes: others write there too, but no fault of ours fills it


@contextmanager
def broken(world: Environment, fault: Fault) -> Iterator[Fault]:
    """Break the world, and have another process mend it."""
    planned = fault.plan(world)
    anybody = rebuild(json.loads(json.dumps(describe(planned))))
    try:
        planned.inject(world)
        wait_until(
            f"{planned} to take effect",
            lambda: planned.has_taken_effect(world),
            at_most=EFFECT_WITHIN,
        )
        yield planned
    finally:
        anybody.revert(world)
        anybody.revert(world)
    wait_until(f"{planned} to be gone", lambda: planned.has_gone(world), at_most=GONE_WITHIN)


def said(world: Environment, node: str, script: str) -> str:
    done = find_node(world, node).run(["sh", "-c", script], within=timedelta(seconds=20))
    return (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_comes_is_seen_and_is_undone_by_anybody_and_the_host_has_its_disk(
    replica: Environment, fault: Fault
) -> None:
    prove(replica, fault)


def prove(replica: Environment, fault: Fault) -> None:
    planned = fault.plan(replica)
    assert planned.unavailable(replica) is None
    assert planned.has_gone(replica)
    assert not planned.has_taken_effect(replica)
    before = replica.traces(among=planned.nodes())
    host = os.statvfs("/")
    with broken(replica, planned):
        assert not planned.has_gone(replica)
        assert planned.unavailable(replica)
        assert replica.traces(among=planned.nodes()) - before == planned.traces(replica)
        now = os.statvfs("/")
        assert (host.f_bavail - now.f_bavail) * host.f_frsize < LEFT_ON_HOST
    assert replica.traces(among=planned.nodes()) == before


@pytest.mark.parametrize(
    "fault",
    [FillDisk("bastion", "/tmp"), TakeInodes("bastion", "/tmp")],  # noqa: S108 - no such thing is done
    ids=str,
)
def test_a_disk_of_the_host_is_refused(replica: Environment, fault: Fault) -> None:
    planned = fault.plan(replica)
    assert "lies on a disk that others need" in str(planned.unavailable(replica))


def test_a_disk_in_memory_cannot_be_slowed(replica: Environment) -> None:
    fault = SlowDisk("db:primary", writes_per_second=4).plan(replica)
    assert "which is in memory" in str(fault.unavailable(replica)) or (
        "cannot hold its writes back" in str(fault.unavailable(replica))
    )


def test_ports_of_a_node_without_a_small_range_are_refused(replica: Environment) -> None:
    assert "too many to take" in str(TakePorts("bastion").unavailable(replica))


def test_a_full_log_volume_is_told_and_forgotten(replica: Environment) -> None:
    (instance,) = select(replica, "app@east-a")
    orders = f"http://{instance.name}:8000/orders"
    ask = f"for n in $(seq 40); do curl -s -o /dev/null {orders}/$n; done"
    with broken(replica, FillDisk(instance.name, LINES)):
        said(replica, "bastion", ask)  # more lines than the last block has room for
        wait_until(
            "the instance to say so",
            lambda: any("loses its log lines" in one for one in replica.deviations()),
            at_most=EFFECT_WITHIN,
        )
        ready = said(replica, "bastion", f"curl -s http://{instance.name}:8000/health/ready")
        assert json.loads(ready)["status"] == "degraded"
        assert "No space left on device" in json.loads(ready)["dependencies"]["log"]
        lost = (
            f"curl -s http://{instance.name}:8000/metrics | grep ^orders_log_lines_lost_total"
        )
        assert float(said(replica, "bastion", lost).split()[1]) > 0
    wait_until(
        "the instance to log again",
        lambda: not replica.deviations(),
        at_most=GONE_WITHIN,
        why_not=lambda _: "; ".join(replica.deviations()),
    )
    last = said(replica, instance.name, f"tail -n 1 {LINES}/orders.log")
    assert json.loads(last)["event"]


def test_a_full_disk_of_the_log_ends_the_primary(replica: Environment) -> None:
    """Here at the end, for another database is the primary afterwards."""
    prove(replica, FillLogDisk("db:primary"))
