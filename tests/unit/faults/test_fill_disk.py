"""We believe that FillDisk fills only a node's own disk, and a write shows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.model import Trace, TraceKind, WorldError
from fixtures.faults import FillDataDisk, FillDisk, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

DISK = "/disk"
FAULT = FillDisk("east-app-1,east-app-2", DISK)
OF_DATA = FillDataDisk("east-app-1", DISK)
# Two pages are free in the table, unless it is made small; then who inserts needs the disk.
PSQL = r"""
case $(cat) in
  *pg_is_in_recovery*) if [ -e "$ROOT/standby" ]; then echo t; else echo f; fi ;;
  *"VACUUM FULL orders"*) touch "$ROOT/small" ;;
  *CHECKPOINT*) touch "$ROOT/checkpoint" ;;
  *"INSERT INTO orders"*"ROLLBACK"*)
    [ -e "$ROOT/small" ] && [ -e "$DISK/muster-filler" ] || exit 0
    echo "ERROR:  could not extend file: $(cat "$ROOT/error")" >&2; exit 3 ;;
esac
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def hosts(world: FakeEnvironment, tmp_path: Path) -> list[HostNode]:
    hosts = put_on_hosts(world, tmp_path, "east-app-1", "east-app-2")
    for host in hosts:
        host.below(DISK).mkdir()
        host.has("stat", 'echo "device of $3"')
        host.has("dd", '[ ! -e "$DISK/muster-filler" ]')
        host.has("psql", PSQL)
        host.has("cat", '[ "$1" = /dev/zero ] || exec /bin/cat "$@"; exit 1')
        (host.root / "error").write_text("No space left on device")
    return hosts


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (FAULT, "Fill /disk of east-app-1, east-app-2"),
        (OF_DATA, "Fill the disk of the data of east-app-1"),
    ],
)
def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, hosts: list[HostNode], fault: FillDisk, words: str
) -> None:
    assert str(fault) == words
    anybody = rebuild(json.loads(json.dumps(describe(fault))))
    assert fault.unavailable(world) is None
    anybody.revert(world)
    assert fault.has_gone(world)
    assert not fault.has_taken_effect(world)
    fault.inject(world)
    fault.inject(world)
    assert fault.has_taken_effect(world)
    assert not fault.has_gone(world)
    full = {Trace(name, TraceKind.DISK, "/disk is nearly full") for name in fault.nodes()}
    damage = frozenset[Trace]().union(*(host.damage() for host in hosts))
    assert fault.traces(world) == damage | full
    anybody.revert(world)
    anybody.revert(world)
    assert fault.has_gone(world)
    assert not any(list(host.below(DISK).iterdir()) for host in hosts)


def test_room_on_one_target_is_no_effect_and_not_all_is_mended(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    FAULT.inject(world)
    (hosts[1].below(DISK) / "muster-filler").unlink()
    assert not FAULT.has_taken_effect(world)
    assert FAULT.stands(world)
    (hosts[0].below(DISK) / "muster-filler").unlink()
    assert not FAULT.stands(world)


@pytest.mark.parametrize("fault", [FAULT, OF_DATA])
@pytest.mark.parametrize("shared", ["/", "/etc/hosts"])
def test_a_disk_that_is_shared_with_others_is_not_filled(
    world: FakeEnvironment, hosts: list[HostNode], fault: FillDisk, shared: str
) -> None:
    host = hosts[0]
    host.has("stat", f"case $3 in *{DISK} | {shared}) echo 1 ;; *) echo 2 ;; esac")
    assert "lies on a disk that others need" in str(fault.unavailable(world))
    with pytest.raises(WorldError, match="lies on a disk that others need"):
        fault.inject(world)
    assert list(host.below(DISK).iterdir()) == []
    assert not (host.root / "small").exists()


def test_a_folder_that_is_not_there_is_no_disk(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    hosts[0].below(DISK).rmdir()
    assert "has no disk of its own" in str(FAULT.unavailable(world))


def test_a_full_disk_on_which_orders_still_find_room_is_no_effect(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    OF_DATA.inject(world)
    assert (hosts[0].root / "checkpoint").exists()
    (hosts[0].root / "small").unlink()
    assert not OF_DATA.has_taken_effect(world)


def test_inserts_that_fail_for_another_reason_are_no_effect(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    (hosts[0].root / "error").write_text("the table is locked")
    OF_DATA.inject(world)
    assert not OF_DATA.has_taken_effect(world)


def test_it_is_unavailable_where_it_would_show_nothing(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    (hosts[0].root / "standby").touch()
    assert "is no primary" in str(OF_DATA.unavailable(world))
    assert FAULT.unavailable(world) is None
    (hosts[0].below(DISK) / "muster-filler").touch()
    for fault in (FAULT, OF_DATA):
        assert "has no room" in str(fault.unavailable(world))
