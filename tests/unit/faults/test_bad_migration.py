"""We believe that a bad migration bites by the database's own word, and leaves nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import BadMigration, describe, rebuild
from fixtures.faults.bad_migration import REVISIONS, Tool
from fixtures.waiting import wait_until
from tests.fakes.nodes import FakeNode
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The tool has made the revision, or half of it, while these files are there; as long as it
# waits for a lock, "waits" is.
TOOL = r"""
cd "$ROOT"
echo "$(basename "$0") $*" >> tools
if [ -e careful ]; then echo "refused: it would harm"; exit 1; fi
case $2 in
  channel) touch part broken-index ;;
  weight) [ ! -e report ] || touch waits; while [ -e waits ]; do sleep 0.02; done ;;
  *) touch part; echo "$2" > recorded ;;
esac
"""
PSQL = r"""
case "$*" in
  *pg_sleep*) touch "$ROOT/report"; while [ -e "$ROOT/report" ]; do sleep 0.02; done; exit ;;
esac
asked=$(cat)
cd "$ROOT"
yes_if() { if "$@"; then echo t; else echo f; fi; }
case $asked in
  *INSERT*)
    if [ -e down ]; then echo "connection refused" >&2; exit 2; fi
    case $(cat recorded)$asked in
      currency*) echo 'ERROR: violates not-null constraint' >&2; exit 3 ;;
      dearest*60000*) echo 'ERROR: violates check "orders_dearest"' >&2; exit 3 ;;
    esac ;;
  *'SELECT version_num'*) cat recorded ;;
  *pg_blocking_pids*) yes_if [ -e waits ] ;;
  *pg_locks*) yes_if [ -e report ] ;;
  *indisvalid*) yes_if [ -e broken-index ] ;;
  *attname*) yes_if [ -e part ] ;;
  *pg_terminate_backend*) rm -f waits report ;;
  'DROP INDEX'*) echo drop >> dropped; rm -f broken-index ;;
  *'DROP COLUMN'*) rm -f part; echo baseline > recorded ;;
  *) echo "psql was asked: $asked" >&2; exit 3 ;;
esac
"""
by_hand = pytest.mark.parametrize("revision", REVISIONS)


@pytest.fixture
def world() -> FakeEnvironment:
    world = FakeEnvironment()
    world.nodes.append(FakeNode(world, "east-migrator", "migrator", "east"))
    return world


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> Iterator[HostNode]:
    (host,) = put_on_hosts(world, tmp_path, "east-migrator")
    host.has("psql", PSQL)
    host.has("alembic", TOOL)
    host.has("migrate", TOOL)
    (host.root / "recorded").write_text("baseline\n")
    yield host
    for revision in REVISIONS:
        BadMigration("east-migrator", revision).revert(world)


def wait_for(fault: BadMigration, world: FakeEnvironment) -> None:
    wait_until(
        f"{fault} to take effect",
        lambda: fault.has_taken_effect(world),
        at_most=timedelta(seconds=5),
    )


@by_hand
def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode, revision: str
) -> None:
    fault = BadMigration("migrator", revision).plan(world)
    anybody = rebuild(json.loads(json.dumps(describe(fault))))
    assert str(fault) == f"Make the migration {revision} by `alembic upgrade` on east-migrator"
    assert fault.unavailable(world) is None
    anybody.revert(world)
    assert fault.has_gone(world)
    assert not fault.has_taken_effect(world)
    fault.inject(world)
    fault.inject(world)
    wait_for(fault, world)
    assert (host.root / "tools").read_text() == f"alembic upgrade {revision}\n"
    assert fault.stands(world)
    assert not fault.has_gone(world)
    assert fault.unavailable(world)
    assert fault.traces(world) == host.damage()
    anybody.revert(world)
    anybody.revert(world)
    assert fault.has_gone(world)
    assert not fault.stands(world)
    assert (host.root / "recorded").read_text() == "baseline\n"
    assert not (host.root / "report").exists()
    (host.root / "part").touch()  # whoever made it
    assert not fault.has_gone(world)


def test_what_is_recorded_was_not_made_half_way(world: FakeEnvironment, host: HostNode) -> None:
    fault = BadMigration("east-migrator", "channel")
    fault.inject(world)
    wait_for(fault, world)
    (host.root / "recorded").write_text("channel\n")
    assert not fault.has_taken_effect(world)


@pytest.mark.parametrize("gone", ["part", "broken-index"])
def test_what_people_cleared_up_half_of_still_stands(
    world: FakeEnvironment, host: HostNode, gone: str
) -> None:
    fault = BadMigration("east-migrator", "channel")
    fault.inject(world)
    wait_for(fault, world)
    (host.root / gone).unlink()
    assert not fault.has_taken_effect(world)
    assert fault.stands(world)


def test_an_order_that_fails_for_another_reason_is_no_effect(
    world: FakeEnvironment, host: HostNode
) -> None:
    fault = BadMigration("east-migrator", "currency")
    fault.inject(world)
    wait_for(fault, world)
    (host.root / "down").touch()
    assert not fault.has_taken_effect(world)


def test_what_the_tool_refuses_is_seen_as_well_and_only_with_it(
    world: FakeEnvironment, host: HostNode
) -> None:
    (host.root / "careful").touch()
    careful = BadMigration("east-migrator", "currency", Tool.MIGRATE)
    careful.inject(world)
    wait_for(careful, world)
    assert (host.root / "tools").read_text() == "migrate apply currency\n"
    assert not careful.stands(world)
    careful.revert(world)
    assert not (host.root / "dropped").exists()
    by_hand = BadMigration("east-migrator", "currency")
    by_hand.inject(world)
    wait_until(
        "the tool to have been there",
        lambda: len((host.root / "tools").read_text().splitlines()) == 2,
        at_most=timedelta(seconds=5),
    )
    assert not by_hand.has_taken_effect(world)


def test_it_is_unavailable_on_another_schema(world: FakeEnvironment, host: HostNode) -> None:
    (host.root / "recorded").write_text("by_day\n")
    fault = BadMigration("east-migrator", "weight")
    assert fault.unavailable(world) == (
        "east-migrator has the schema by_day, and weight stands on baseline"
    )
