"""We believe that TakeInodes leaves room and no file more, on a disk of the node's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures.faults import TakeInodes, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

DISK = "/disk"
FAULT = TakeInodes("east-db-1", DISK)
# A disk of fifty inodes, one of which is taken. "stat -f -c %x" is of the disk.
STAT = r"""
left=$((49 - $(find "$DISK" -type f | wc -l)))
case "$1 $3" in
  "-f %c") cat "$ROOT/inodes" ;;
  "-f %d") if [ "$left" -gt 0 ]; then echo "$left"; else echo 0; fi ;;
  "-f %a") cat "$ROOT/room" ;;
  *) echo "device of $3" ;;
esac
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> HostNode:
    (host,) = put_on_hosts(world, tmp_path, "east-db-1")
    host.below(DISK).mkdir()
    host.has("stat", STAT)
    host.has("mktemp", '[ "$(stat -f -c %d)" -gt 0 ] && exec /usr/bin/mktemp "$@"')
    host.has("psql", 'cat >> "$ROOT/asked"')
    (host.root / "inodes").write_text("50")
    (host.root / "room").write_text("12")
    return host


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    assert str(FAULT) == "Take all inodes of /disk of east-db-1"
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    assert not FAULT.has_gone(world)
    assert FAULT.traces(world) == host.damage()
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert list(host.below(DISK).iterdir()) == []


def test_a_database_makes_its_checkpoint_while_it_can(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    FAULT.inject(world)
    assert (host.root / "asked").read_text() == "CHECKPOINT\n"


def test_inodes_that_people_made_free_are_no_effect_and_nothing_stands(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    for number in range(5):
        (host.below(DISK) / f"muster-inodes/{number}").unlink()
    assert not FAULT.has_taken_effect(world)
    assert not FAULT.stands(world)


def test_a_disk_without_room_is_another_fault(world: FakeEnvironment, host: HostNode) -> None:
    FAULT.inject(world)
    (host.root / "room").write_text("0")
    assert not FAULT.has_taken_effect(world)
    assert FAULT.stands(world)


@pytest.mark.parametrize("shared", ["/", "/etc/hosts"])
def test_a_disk_that_is_shared_with_others_is_let_be(
    world: FakeEnvironment, host: HostNode, shared: str
) -> None:
    host.has("stat", f"case $3 in *{DISK} | {shared}) echo 1 ;; *) echo 2 ;; esac")
    assert "lies on a disk that others need" in str(FAULT.unavailable(world))
    with pytest.raises(WorldError, match="lies on a disk that others need"):
        FAULT.inject(world)
    assert list(host.below(DISK).iterdir()) == []


@pytest.mark.parametrize("inodes", ["0", "100001"])
def test_a_disk_that_does_not_count_or_has_too_many_is_refused(
    world: FakeEnvironment, host: HostNode, inodes: str
) -> None:
    (host.root / "inodes").write_text(inodes)
    assert "has no bound" in str(FAULT.unavailable(world))


def test_a_disk_that_has_none_left_is_refused(world: FakeEnvironment, host: HostNode) -> None:
    for number in range(49):
        (host.below(DISK) / str(number)).touch()
    assert "can make no file on" in str(FAULT.unavailable(world))
