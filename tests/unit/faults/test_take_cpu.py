"""We believe that TakeCpu is seen where the node is throttled for its job, and only there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures.faults import TakeCpu, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.bounded import V1, V2, bound, jobs, note_throttling, set_bounds
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAULT = TakeCpu("east-app-2", burners=5)
# A second passes in the kernel's counters: periods, throttled ones, what was used of the
# processors in all and what by the job (hundredths of a second).
SLEEP = r"""
[ "$1" = 1 ] || exec /bin/sleep "$1"
read -r periods throttled used of_job < "$ROOT/second"
cgroup=$ROOT/sys/fs/cgroup
for stat in "$cgroup/cpu/cpu.stat" "$cgroup/cpu.stat"; do
  [ ! -e "$stat" ] || printf 'nr_periods %d\nnr_throttled %d\nusage_usec %d\n' \
    $((100 + periods)) $((50 + throttled)) $(((5000 + used) * 10000)) > "$stat"
done
[ ! -e "$cgroup/cpuacct" ] \
  || echo $(((5000 + used) * 10000000)) > "$cgroup/cpuacct/cpuacct.usage"
echo "61 (batch-job) R 1 0 0 0 0 0 0 0 0 0 $((200 + of_job)) 40 0" > "$ROOT/proc/61/stat"
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture(params=[V1, V2])
def host(
    world: FakeEnvironment, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[HostNode]:
    (host,) = put_on_hosts(world, tmp_path, "east-app-2")
    bound(host, request.param)
    host.has("sleep", SLEEP)
    host.below("/proc/61").mkdir(parents=True)
    yield host
    FAULT.revert(world)


def a_second_of(host: HostNode, *, periods: int, throttled: int, used: int, job: int) -> None:
    """Say how the counters, which begin anew, will have grown after one second."""
    (host.root / "second").write_text(f"{periods} {throttled} {used} {job}\n")
    host.below("/proc/61/stat").write_text("61 (batch-job) R 1 0 0 0 0 0 0 0 0 0 200 40 0\n")
    cgroup = host.below("/sys/fs/cgroup")
    if (cgroup / "cpu").exists():
        note_throttling(host, 100, 50, V1)
        (cgroup / "cpuacct").mkdir(exist_ok=True)
        (cgroup / "cpuacct" / "cpuacct.usage").write_text(f"{5000 * 10_000_000}\n")
    else:
        (cgroup / "cpu.stat").write_text(
            f"nr_periods 100\nnr_throttled 50\nusage_usec {5000 * 10_000}\n"
        )


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert str(FAULT.plan(world)) == "Take the processors of east-app-2"
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    a_second_of(host, periods=10, throttled=9, used=50, job=40)
    assert not FAULT.has_taken_effect(world)  # the job is somebody else's
    FAULT.inject(world)
    FAULT.inject(world)
    assert jobs(host) == ["5 0 0.2"]
    a_second_of(host, periods=10, throttled=9, used=50, job=40)
    assert FAULT.has_taken_effect(world)
    assert FAULT.stands(world)
    assert not FAULT.has_gone(world)
    assert FAULT.traces(world) == host.damage()
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.stands(world)


@pytest.mark.parametrize(
    ("periods", "throttled", "used", "job"),
    [(10, 5, 50, 40), (10, 9, 50, 25), (0, 0, 0, 0)],
    ids=["a node that gets what it wants", "a service that burns itself", "no time at all"],
)
def test_it_is_no_effect(
    world: FakeEnvironment, host: HostNode, periods: int, throttled: int, used: int, job: int
) -> None:
    FAULT.inject(world)
    a_second_of(host, periods=periods, throttled=throttled, used=used, job=job)
    assert not FAULT.has_taken_effect(world)


def test_processors_of_the_host_are_not_taken(world: FakeEnvironment, host: HostNode) -> None:
    version = V1 if host.below("/sys/fs/cgroup/cpu").exists() else V2
    set_bounds(host, version, cpu=None)
    assert FAULT.unavailable(world) == (
        "east-app-2 has no bound of its own for processors: others would lack what is taken"
        " there"
    )
    with pytest.raises(WorldError, match="no bound of its own"):
        FAULT.inject(world)
    assert jobs(host) == []
