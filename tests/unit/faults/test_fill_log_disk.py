"""We believe that FillLogDisk fills only a disk of its own, and is seen once writing ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.model import Trace, TraceKind, WorldError
from fixtures.faults import FillLogDisk, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

DISK = "/var/lib/muster/log"
FAULT = FillLogDisk("east-db-1")
# The node's disk is full as long as the filler is there.
WRITES_UNLESS_FULL = '[ ! -e "$DISK/muster-filler" ]'
# Three segments are left when the disk is full; whoever needs a fourth ends the database.
PSQL = r"""
[ ! -e "$ROOT/ended" ] || exit 2
case $(cat) in
  *pg_is_in_recovery*) if [ -e "$ROOT/standby" ]; then echo t; else echo f; fi ;;
  *pg_switch_wal*)
    echo >> "$ROOT/switches"
    [ "$(wc -l < "$ROOT/switches")" -lt 4 ] || { touch "$ROOT/ended"; exit 2; } ;;
  *"SELECT 1"*) echo 1 ;;
esac
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> HostNode:
    (host,) = put_on_hosts(world, tmp_path, "east-db-1")
    host.below(DISK).mkdir(parents=True)
    host.has("stat", 'echo "device of $3"')
    host.has("dd", WRITES_UNLESS_FULL)
    host.has("psql", PSQL)
    # "cat" fills the disk, and is still what reads what psql is asked.
    host.has("cat", '[ "$1" = /dev/zero ] || exec /bin/cat "$@"; exit 1')
    return host


def test_it_reads_well(world: FakeEnvironment) -> None:
    planned = FillLogDisk("db:primary").plan(world)
    assert str(planned) == "Fill the disk of the log of east-db-1"


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    assert not FAULT.has_gone(world)
    full = Trace("east-db-1", TraceKind.DISK, f"{DISK} is nearly full")
    assert FAULT.traces(world) == host.damage() | {full}
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert list(host.below(DISK).iterdir()) == []


def test_a_full_disk_that_the_database_does_not_mind_is_no_effect(
    world: FakeEnvironment, host: HostNode
) -> None:
    host.has("psql", "cat > /dev/null; echo f")
    FAULT.inject(world)
    assert not FAULT.has_taken_effect(world)


def test_a_database_that_stopped_for_another_reason_is_no_effect(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    (host.below(DISK) / "muster-filler").unlink()
    assert not FAULT.has_taken_effect(world)


@pytest.mark.parametrize("shared", ["/", "/etc/hosts"])
def test_a_disk_that_is_shared_with_others_is_not_filled(
    world: FakeEnvironment, host: HostNode, shared: str
) -> None:
    host.has("stat", f"case $3 in *{DISK} | {shared}) echo 1 ;; *) echo 2 ;; esac")
    assert FAULT.unavailable(world) == (
        f"east-db-1 has no disk of its own at {host.below(DISK)}: what is there lies on a disk"
        " that others need"
    )
    with pytest.raises(WorldError, match="lies on a disk that others need"):
        FAULT.inject(world)
    assert list(host.below(DISK).iterdir()) == []


def test_it_is_unavailable_where_it_would_show_nothing(
    world: FakeEnvironment, host: HostNode
) -> None:
    (host.root / "standby").touch()
    assert "is no primary" in str(FAULT.unavailable(world))
    (host.below(DISK) / "muster-filler").touch()
    assert "has no room" in str(FAULT.unavailable(world))
