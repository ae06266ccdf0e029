"""We believe that StopArchiving is seen only where archiving fails, and is taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import StopArchiving, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

FAULT = StopArchiving("east-db-1,east-db-2")
PGBACKREST = r"""
echo "$*" >> "$ROOT/asked"
case $2 in
  stop) mkdir -p "$LOCKS"; touch "$LOCKS/muster.stop" ;;
  start) rm -f "$LOCKS/muster.stop" ;;
esac
"""
# A switch lets the archiver fail once more where it is stopped.
PSQL = r"""
asked=$(cat)
case $asked in
  *pg_is_in_recovery*) if [ -e "$ROOT/standby" ]; then echo t; else echo f; fi ;;
  *pg_switch_wal*)
    [ ! -e "$ROOT/standby" ] || { echo "recovery is in progress" >&2; exit 3; }
    [ -e "$ROOT/archives-anyway" ] || echo $(($(cat "$ROOT/failed") + 1)) > "$ROOT/failed" ;;
  *failed_count*) cat "$ROOT/failed" ;;
  *) echo "psql was asked: $asked" >&2; exit 3 ;;
esac
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture(autouse=True)
def hosts(world: FakeEnvironment, tmp_path: Path) -> list[HostNode]:
    hosts = put_on_hosts(world, tmp_path, "east-db-1", "east-db-2")
    for host in hosts:
        host.has("psql", PSQL)
        host.has("pgbackrest", PGBACKREST)
        (host.root / "failed").write_text("4\n")
    (hosts[1].root / "standby").touch()
    return hosts


def test_it_stands_until_people_started_it_everywhere(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    FAULT.inject(world)
    for host in hosts:
        assert FAULT.stands(world)
        FAULT.said_by(host, 'pgbackrest --stanza="$STANZA" start')
    assert not FAULT.stands(world)


def test_it_reads_well(world: FakeEnvironment) -> None:
    assert str(StopArchiving("db:primary").plan(world)) == "Stop archiving on east-db-1"


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, hosts: list[HostNode]
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
    assert hosts[0].damage() | hosts[1].damage() == FAULT.traces(world)
    assert FAULT.unavailable(world) == "east-db-1 bears the same fault already"
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    asked = (hosts[0].root / "asked").read_text().splitlines()
    assert asked == [*["--stanza=muster stop"] * 2, "--stanza=muster start"]


def test_a_primary_that_archives_all_the_same_is_no_effect(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    (hosts[0].root / "archives-anyway").touch()
    FAULT.inject(world)
    assert not FAULT.has_taken_effect(world)


def test_a_standby_that_is_not_stopped_is_no_effect(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    FAULT.inject(world)
    hosts[1].below("/tmp/pgbackrest/muster.stop").unlink()  # noqa: S108 - below the node's
    assert not FAULT.has_taken_effect(world)


def test_it_has_not_gone_while_anything_is_stopped(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    FAULT.inject(world)
    FAULT.revert(world)
    hosts[1].below("/tmp/pgbackrest/all.stop").touch()  # noqa: S108 - below the node's
    assert not FAULT.has_gone(world)


def test_what_is_stopped_or_archives_nothing_is_nobodys_drill(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    locks = hosts[1].below("/tmp/pgbackrest")  # noqa: S108 - below the node's
    locks.mkdir(parents=True)
    (locks / "all.stop").touch()
    assert FAULT.unavailable(world) == "east-db-2 has its backup tool stopped already"
    standby = StopArchiving("east-db-2").unavailable(world)
    assert standby == "nothing is archived on east-db-2: none of them is the primary"
