"""We believe that a mistake is made in the orders' role, and has gone when the data say so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures.faults import DeleteRows, DropTable, Fault, WrongUpdate, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

# One table, orders, with 10 rows: it is there where $ROOT/orders is, with its markers in it.
PSQL = r"""
asked=$(cat)
echo "$* $PGOPTIONS: $asked" >> "$ROOT/asked"
[ ! -e "$ROOT/down" ] || { echo "connection refused" >&2; exit 2; }
has_role() {
  case $asked in 'SET ROLE orders;'*) ;; *) echo "not as orders" >&2; exit 3 ;; esac
}
case "$*" in *table=orders*) table=$ROOT/orders ;; *) table=$ROOT/none ;; esac
every=$(echo "$*" | sed 's/.*every=\([0-9]*\).*/\1/')
marker=$(echo "$*" | sed 's/.*marker=\(\S*\).*/\1/')
yes_if() { if "$@"; then echo t; else echo f; fi; }
case $asked in
  *pg_is_in_recovery*) yes_if [ -e "$ROOT/standby" ] ;;
  *to_regclass*) yes_if [ -e "$table" ] ;;
  *DROP*) has_role; rm -f "$table" ;;
  *DELETE*) has_role; echo $((10 / every)); touch "$ROOT/deleted-$every" ;;
  *UPDATE*) has_role; [ "$every" -gt 10 ] || echo "$marker" > "$table" ;;
  *"= :'marker'"*) yes_if grep -q "^$marker" "$table" ;;
  *'% :every = 0'*) yes_if [ "$every" -le 10 ] ;;
  *) echo "psql was asked: $asked" >&2; exit 3 ;;
esac
"""
MISTAKES: list[Fault] = [
    DropTable("orders", node="east-db-1"),
    DeleteRows("orders", every=5, node="east-db-1"),
    WrongUpdate("orders", every=5, column="item", node="east-db-1"),
]
each = pytest.mark.parametrize("fault", MISTAKES, ids=str)


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture(autouse=True)
def hosts(world: FakeEnvironment, tmp_path: Path) -> list[HostNode]:
    hosts = put_on_hosts(world, tmp_path, "east-db-1", "east-db-2")
    for host in hosts:
        host.has("psql", PSQL)
        (host.root / "orders").touch()
    return hosts


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (DropTable("orders"), "Drop table orders on east-db-1"),
        (DeleteRows("orders", every=3), "Delete one row of 3 from orders on east-db-1"),
        (
            WrongUpdate("orders", every=3, column="item"),
            "Overwrite orders.item in one row of 3 on east-db-1",
        ),
    ],
)
def test_it_is_made_on_the_primary_of_its_planning_and_reads_well(
    world: FakeEnvironment, fault: Fault, text: str
) -> None:
    planned = fault.plan(world)
    world.primary = "east-db-2"
    assert str(planned) == text
    assert planned.nodes() == ("east-db-1",)
    assert planned.plan(world) == planned


@each
def test_it_comes_is_seen_and_is_only_forgotten_by_anybody(
    world: FakeEnvironment, hosts: list[HostNode], fault: Fault
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(fault))))
    assert fault.unavailable(world) is None
    anybody.revert(world)
    assert fault.has_gone(world)
    assert not fault.has_taken_effect(world)
    fault.inject(world)
    fault.inject(world)
    assert fault.has_taken_effect(world)
    assert not fault.has_gone(world)
    assert hosts[0].damage() == fault.traces(world)
    assert hosts[1].damage() == frozenset()
    assert fault.unavailable(world) == "east-db-1 bears the same fault already"
    anybody.revert(world)
    anybody.revert(world)
    assert hosts[0].kept == []
    assert fault.has_gone(world) == isinstance(fault, DeleteRows)


@each
def test_it_has_gone_when_whoever_is_the_primary_by_then_says_so(
    world: FakeEnvironment, hosts: list[HostNode], fault: Fault
) -> None:
    fault.inject(world)
    world.primary = "east-db-2"  # which never made the mistake
    assert not fault.has_gone(world)
    fault.revert(world)
    assert fault.has_gone(world)
    (hosts[0].root / "down").touch()
    assert fault.has_gone(world)
    (hosts[1].root / "down").touch()
    if not isinstance(fault, DeleteRows):
        with pytest.raises(WorldError, match=r"^east-db-2: a script .*connection refused"):
            fault.has_gone(world)


@each
def test_without_a_primary_nobody_knows_whether_it_has_gone(
    world: FakeEnvironment, fault: Fault
) -> None:
    world.primary = "nobody"
    with pytest.raises(WorldError, match="no db is the primary now, so nobody says"):
        fault.has_gone(world)


@each
def test_no_statement_of_it_can_hang(
    world: FakeEnvironment, hosts: list[HostNode], fault: Fault
) -> None:
    fault.inject(world)
    (asked,) = (hosts[0].root / "asked").read_text().split("\n\n")[:1]
    assert "-c statement_timeout=10s -c lock_timeout=5s: SET ROLE orders;" in asked


@each
def test_a_mistake_that_was_only_thought_of_is_no_effect(
    world: FakeEnvironment, hosts: list[HostNode], fault: Fault
) -> None:
    (hosts[0].root / "down").touch()
    with pytest.raises(WorldError, match="connection refused"):
        fault.inject(world)
    (hosts[0].root / "down").unlink()
    assert not fault.has_taken_effect(world)
    fault.revert(world)
    assert fault.has_gone(world)


def test_rows_are_deleted_once_however_often_it_is_injected(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    fault = DeleteRows("orders", every=5, node="east-db-1")
    fault.inject(world)
    (hosts[0].root / "deleted-5").unlink()
    fault.inject(world)
    assert not (hosts[0].root / "deleted-5").exists()


def test_where_nothing_was_deleted_it_is_no_effect(world: FakeEnvironment) -> None:
    fault = DeleteRows("orders", every=11, node="east-db-1")
    fault.inject(world)
    assert not fault.has_taken_effect(world)


def test_each_wrong_update_has_a_marker_of_its_own_on_whichever_node() -> None:
    fault = WrongUpdate("orders", every=5, column="item")
    assert fault.marker == WrongUpdate("orders", every=5, column="item", node="a").marker
    others = [
        WrongUpdate("orders", every=6, column="item"),
        WrongUpdate("orders", every=5, column="customer"),
        WrongUpdate("others", every=5, column="item"),
    ]
    assert len({fault.marker, *(other.marker for other in others)}) == 4


def test_what_cannot_be_changed_is_nobodys_drill(
    world: FakeEnvironment, hosts: list[HostNode]
) -> None:
    table = DropTable("customers", node="east-db-1")
    assert table.unavailable(world) == "east-db-1 has no table customers"
    for fault in (
        DeleteRows("orders", every=11, node="east-db-1"),
        WrongUpdate("orders", every=11, column="item", node="east-db-1"),
    ):
        why = "east-db-1 has no row in orders that it would change"
        assert fault.unavailable(world) == why
    update = WrongUpdate("orders", every=5, column="item", node="east-db-1")
    (hosts[0].root / "orders").write_text(update.marker)
    assert update.unavailable(world) == f"east-db-1 has {update.marker} in orders already"
    (hosts[0].root / "standby").touch()
    for any_fault in MISTAKES:
        assert any_fault.unavailable(world) == "east-db-1 is not the primary"


def test_one_of_no_rows_is_refused() -> None:
    for make in (
        lambda: DeleteRows("orders", every=0),
        lambda: WrongUpdate("orders", every=0, column="item"),
    ):
        with pytest.raises(ValueError, match="no row is one of every 0: give 1 or more"):
            make()
