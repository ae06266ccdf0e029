"""We believe that SlowDisk is seen by writes that wait, and limits its target alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from environments.model import Completed, WorldError
from environments.replica.slow_disk import Throttle, find_throttle
from fixtures.faults import SlowDisk, describe, rebuild
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAULT = SlowDisk("east-db-1", 2)
CONTAINER = "ab" * 32


class Disk:
    """How long the probe's writes take, and what came of them."""

    def __init__(self) -> None:
        self.seconds = 0.1
        self.exit_code = 0
        self.writes: list[str] = []

    def __call__(self, command: Sequence[str], variables: Mapping[str, str]) -> Completed:
        del command
        self.writes.append(variables["WRITES"])
        return Completed(self.exit_code, "", "no such folder", self.seconds)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def world(disk: Disk) -> FakeEnvironment:
    return FakeEnvironment(on_run=disk)


def test_it_comes_is_seen_and_is_undone_by_anybody(world: FakeEnvironment, disk: Disk) -> None:
    fault = SlowDisk("db:primary", 2).plan(world)
    assert fault == FAULT == fault.plan(world)
    assert str(fault) == "Slow disk of east-db-1: 2 writes a second"
    assert str(SlowDisk("a", 1)) == "Slow disk of a: 1 write a second"
    anybody = rebuild(json.loads(json.dumps(describe(fault))))
    assert fault.unavailable(world) is None
    anybody.revert(world)
    assert fault.has_gone(world)
    fault.inject(world)
    disk.seconds = 1.0
    assert fault.has_taken_effect(world)
    assert not fault.has_gone(world)
    assert world.traces() == fault.traces(world)
    assert "has a limit on its disk already" in str(fault.unavailable(world))
    anybody.revert(world)
    anybody.revert(world)
    assert fault.has_gone(world)
    assert world.traces() == frozenset()


def test_a_limit_under_which_writes_are_fast_is_no_effect(world: FakeEnvironment) -> None:
    FAULT.inject(world)
    assert not FAULT.has_taken_effect(world)


def test_slow_writes_without_the_limit_are_no_effect_and_a_reason_not_to(
    world: FakeEnvironment, disk: Disk
) -> None:
    disk.seconds = 5.0
    assert not FAULT.has_taken_effect(world)
    assert FAULT.unavailable(world) == "east-db-1 has a disk that is as slow already"


def test_the_proof_would_take_a_second(world: FakeEnvironment, disk: Disk) -> None:
    for rate in (1, 2, 20):
        SlowDisk("east-db-1", rate).unavailable(world)
    assert disk.writes == ["2", "3", "21"]


def test_a_proof_that_fails_says_so(world: FakeEnvironment, disk: Disk) -> None:
    disk.exit_code = 1
    with pytest.raises(WorldError, match="could not write to /var/lib/muster/postgres"):
        FAULT.unavailable(world)


def test_a_disk_in_memory_is_refused(world: FakeEnvironment, disk: Disk) -> None:
    disk.exit_code = 3
    assert FAULT.unavailable(world) == (
        "east-db-1 has /var/lib/muster/postgres on a disk of its own, which is in memory"
    )


def test_who_cannot_or_does_not_run_is_refused(world: FakeEnvironment) -> None:
    assert (
        SlowDisk("bastion", 1).unavailable(world) == "bastion has no disk that could be slowed"
    )
    world.node("east-db-1").running = False
    assert FAULT.unavailable(world) == "east-db-1 is not running"


@pytest.mark.parametrize("rate", [0, 21])
def test_what_could_not_be_proven_is_no_fault(rate: int) -> None:
    with pytest.raises(ValueError, match="can be proven"):
        SlowDisk("db", rate)


# As the kernel has it: a copy of the files that it would show


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host whose process 7 is the container's, with its files on a partition of 254:0."""
    hosts = tmp_path / "proc/7/root/etc/hosts"
    hosts.parent.mkdir(parents=True)
    hosts.touch()
    device = hosts.stat().st_dev
    disk = tmp_path / "sys/devices/disk"
    (disk / "part").mkdir(parents=True)
    (disk / "dev").write_text("254:0\n")
    (disk / "part/partition").write_text("1\n")
    known = tmp_path / f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
    known.parent.mkdir(parents=True)
    known.symlink_to(disk / "part")
    return tmp_path


def with_cgroup(host: Path, membership: str, file: str) -> Path:
    (host / "proc/7/cgroup").write_text(membership.replace("ID", CONTAINER))
    limits = host / file.replace("ID", CONTAINER)
    limits.parent.mkdir(parents=True)
    limits.touch()
    return limits


V1 = ("9:cpu:/docker/ID\n7:blkio:/docker/ID\n0::/\n",
      "sys/fs/cgroup/blkio/docker/ID/blkio.throttle.write_iops_device")  # fmt: skip
V2 = ("0::/system.slice/docker-ID.scope\n",
      "sys/fs/cgroup/system.slice/docker-ID.scope/io.max")  # fmt: skip


@pytest.mark.parametrize(
    ("cgroup", "on", "off"),
    [(V1, "254:0 4\n", "254:0 0\n"), (V2, "254:0 wiops=4\n", "254:0 wiops=max\n")],
    ids=["v1", "v2"],
)
def test_the_limit_is_that_of_the_containers_own_cgroup_on_the_whole_disk(
    host: Path, cgroup: tuple[str, str], on: str, off: str
) -> None:
    limits = with_cgroup(host, *cgroup)
    throttle = find_throttle(CONTAINER, 7, host)
    assert throttle == Throttle(limits, "254:0")
    throttle.limit(4)
    assert limits.read_text() == on
    throttle.unlimit()
    assert limits.read_text() == off


def test_what_the_kernel_shows_of_a_limit_is_known() -> None:
    v1 = Throttle(Path("blkio.throttle.write_iops_device"), "254:0")
    assert v1.mark(v1.line(4)) == "blkio.throttle.write_iops_device 254:0 4"
    v2 = Throttle(Path("io.max"), "254:0")
    assert v2.mark(v2.line(4)) == "io.max 254:0 rbps=max wbps=max riops=max wiops=4"


@pytest.mark.parametrize(
    "membership",
    ["9:cpu:/docker/ID\n", "0::/docker/ID\n", ""],
    ids=["no blkio", "no io.max", "none"],
)
def test_where_the_kernel_offers_no_limit_there_is_none(host: Path, membership: str) -> None:
    with_cgroup(host, membership, V1[1])
    assert find_throttle(CONTAINER, 7, host) is None


def test_a_process_of_somebody_else_is_never_limited(host: Path) -> None:
    with_cgroup(host, *V1)
    assert find_throttle("cd" * 32, 7, host) is None


def test_a_process_that_is_not_here_and_a_disk_that_is_none_cannot_be_limited(
    host: Path,
) -> None:
    assert find_throttle(CONTAINER, 7, host) is None
    with_cgroup(host, *V1)
    (host / "sys/devices/disk/dev").unlink()
    assert find_throttle(CONTAINER, 7, host) is None


def test_a_limit_that_the_kernel_refuses_is_a_sentence(host: Path) -> None:
    limits = with_cgroup(host, *V1)
    throttle = find_throttle(CONTAINER, 7, host)
    assert throttle is not None
    limits.unlink()
    limits.mkdir()
    with pytest.raises(WorldError, match="did not take a limit of 254:0: Is a directory"):
        throttle.limit(4)
