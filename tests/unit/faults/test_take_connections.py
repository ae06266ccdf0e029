"""We believe that TakeConnections leaks until the service is refused, and gives all back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import TakeConnections, describe, rebuild
from fixtures.waiting import wait_until
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAULT = TakeConnections("east-db-1")
# The tool has taken all that there are while $ROOT/taken is there; a session of the service,
# $ROOT/session, outlives that until it is ended.
TOOL = r"""
echo "$1" >> "$ROOT/tools"
[ -e "$ROOT/harmless" ] || touch "$ROOT/taken"
while [ -e "$1" ]; do sleep 0.02; done
rm -f "$ROOT/taken"
"""
PSQL = r"""
case "$*" in
  *"-U orders"*)
    if [ -e "$ROOT/taken" ]; then
      echo "FATAL: remaining connection slots are reserved for roles" >&2; exit 2
    fi
    if [ -e "$ROOT/down" ]; then echo "connection refused" >&2; exit 2; fi
    echo 1; exit ;;
esac
asked=$(cat)
case $asked in
  *pg_is_in_recovery*) if [ -e "$ROOT/standby" ]; then echo t; else echo f; fi ;;
  *rolconnlimit*) /bin/cat "$ROOT/limit" ;;
  *pg_terminate_backend*)
    if rm "$ROOT/in-the-way" 2>/dev/null; then echo "too many clients" >&2; exit 2; fi
    # The statement ends when the tool has taken all; a harmless one never will.
    for attempt in $(seq 250); do
      if [ -e "$ROOT/taken" ] || [ -e "$ROOT/harmless" ]; then break; fi
      sleep 0.02
    done
    rm -f "$ROOT/session" ;;
  *"count(*)"*) if [ -e "$ROOT/session" ]; then echo 1; else echo 0; fi ;;
  *"ALTER ROLE monitor CONNECTION LIMIT -1"*) echo -1 > "$ROOT/limit" ;;
  *) echo "psql was asked: $asked" >&2; exit 3 ;;
esac
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(
    world: FakeEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HostNode]:
    monkeypatch.setenv("ORDERS_PASSWORD", "not a secret")
    (host,) = put_on_hosts(world, tmp_path, "east-db-1")
    host.has("python3", TOOL)
    host.has("psql", PSQL)
    (host.root / "limit").write_text("-1\n")
    (host.root / "session").touch()
    yield host
    FAULT.revert(world)


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert str(TakeConnections("db:primary").plan(world)) == "Take all connections of east-db-1"
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    assert not (host.root / "session").exists()
    assert not FAULT.has_gone(world)
    assert FAULT.traces(world) == host.damage()
    assert len((host.root / "tools").read_text().splitlines()) == 1
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    wait_until(
        "the tool to have ended",
        lambda: not (host.root / "taken").exists(),
        at_most=timedelta(seconds=5),
    )


def test_our_own_session_that_is_refused_is_tried_again(
    world: FakeEnvironment, host: HostNode
) -> None:
    (host.root / "in-the-way").touch()
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)


def test_a_tool_that_leaves_connections_is_no_effect(
    world: FakeEnvironment, host: HostNode
) -> None:
    host.has("seq", "echo 1")  # so many attempts are enough
    (host.root / "harmless").touch()
    FAULT.inject(world)
    assert not FAULT.has_taken_effect(world)


def test_a_database_that_is_down_is_no_effect(world: FakeEnvironment, host: HostNode) -> None:
    FAULT.inject(world)
    (host.root / "taken").unlink()
    (host.root / "down").touch()
    assert not FAULT.has_taken_effect(world)


def test_a_session_of_the_service_that_is_left_is_no_effect(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    (host.root / "session").touch()
    assert not FAULT.has_taken_effect(world)


def test_connections_that_somebody_else_took_are_no_effect_and_have_not_gone(
    world: FakeEnvironment, host: HostNode
) -> None:
    (host.root / "taken").touch()
    (host.root / "session").unlink()
    assert not FAULT.has_taken_effect(world)
    assert not FAULT.has_gone(world)
    (host.root / "taken").unlink()


def test_the_limit_that_people_put_on_the_tool_goes_with_it(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    (host.root / "limit").write_text("5\n")
    FAULT.revert(world)
    assert (host.root / "limit").read_text() == "-1\n"
    FAULT.inject(world)
    (host.root / "limit").write_text("5\n")
    (host.root / "standby").touch()  # roles are the primary's to change
    FAULT.revert(world)
    assert (host.root / "limit").read_text() == "5\n"


def test_it_is_unavailable_where_it_would_show_nothing(
    world: FakeEnvironment, host: HostNode
) -> None:
    (host.root / "taken").touch()
    assert FAULT.unavailable(world) == "east-db-1 has no connection to give already"
    (host.root / "limit").write_text("5\n")
    assert "lets the role monitor in 5 times only" in str(FAULT.unavailable(world))
    (host.root / "standby").touch()
    assert FAULT.unavailable(world) == "east-db-1 is not the primary"
    (host.root / "taken").unlink()
