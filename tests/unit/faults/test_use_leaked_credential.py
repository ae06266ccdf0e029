"""We believe that UseLeakedCredential uses what leaked, is seen to get in, and is ended.

The fault's own scripts run on this host; the intruder's tool is a small program that says what
it was given.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures.faults import UseLeakedCredential, describe, rebuild
from fixtures.waiting import wait_until
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fixtures.faults import Fault

FAULT = UseLeakedCredential("intruder-inside", "east-app-1")
FAULT_SEEN = timedelta(seconds=10)
LINE = '{{"at": 1.0, "what": "{what}", "outcome": "{outcome}", "subject": "{subject}"}}'
TOOL = r"""
echo "$CREDENTIAL as $PGUSER with $PGPASSWORD at $PGHOST" > "$ROOT/used"
while [ -e "$1" ]; do sleep 0.05; done
"""


def attempt(what: str, outcome: str, subject: str = "") -> str:
    return LINE.format(what=what, outcome=outcome, subject=subject)


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def intruder(world: FakeEnvironment, tmp_path: Path) -> HostNode:
    node = HostNode(world, "intruder-inside", "intruder", tmp_path / "intruder")
    node.has("use-database-credential", TOOL)
    world.nodes.append(node)
    return node


@pytest.fixture
def victim(world: FakeEnvironment, tmp_path: Path) -> HostNode:
    (victim,) = put_on_hosts(world, tmp_path, "east-app-1")
    return victim


@pytest.fixture(autouse=True)
def variables(
    intruder: HostNode, victim: HostNode, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("ATTEMPTS", str(intruder.root / "attempts.jsonl"))
    login = victim.root / "login.json"
    login.write_text(json.dumps({"user": "orders_a", "password": "a b'c"}))
    monkeypatch.setenv("DATABASE_LOGIN_FILE", str(login))
    yield
    FAULT.revert(intruder.world)


def has_tried(node: HostNode, *lines: str) -> None:
    with (node.root / "attempts.jsonl").open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def inject(fault: Fault, world: FakeEnvironment, intruder: HostNode) -> None:
    fault.inject(world)
    wait_until("the tool", (intruder.root / "used").exists, at_most=FAULT_SEEN)


def test_it_is_done_with_what_the_instance_logs_in_with_and_undone_by_anybody(
    world: FakeEnvironment, intruder: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert str(FAULT.plan(world)) == (
        "Use the database credential of east-app-1 on intruder-inside"
    )
    assert FAULT.unavailable(world) is None
    inject(FAULT, world, intruder)
    used = (intruder.root / "used").read_text()
    assert used == "database login orders_a as orders_a with a b'c at links\n"
    assert FAULT.traces(world) == intruder.damage()
    assert FAULT.unavailable(world) == "intruder-inside bears the same fault already"
    assert not FAULT.has_gone(world)
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)


def test_it_has_taken_effect_once_orders_were_harmed_and_not_by_attempts_of_before(
    world: FakeEnvironment, intruder: HostNode
) -> None:
    has_tried(intruder, *[attempt("write", "in", "order 1")] * 3)
    inject(FAULT, world, intruder)
    assert not FAULT.has_taken_effect(world)
    has_tried(intruder, *[attempt("write", "in", "order 1")] * 2, attempt("write", "in"))
    assert not FAULT.has_taken_effect(world)
    has_tried(intruder, attempt("write", "in", "order 2"))
    assert FAULT.has_taken_effect(world)


@pytest.mark.parametrize("outcome", ["in", "unknown"])
def test_it_stands_until_every_late_attempt_was_refused(
    outcome: str, world: FakeEnvironment, intruder: HostNode
) -> None:
    inject(FAULT, world, intruder)
    has_tried(intruder, attempt("read", outcome), *[attempt("login", "out")] * 3)
    assert FAULT.stands(world)
    has_tried(intruder, attempt("login", "out"))
    assert not FAULT.stands(world)


def test_where_nothing_leaked_nothing_is_begun(
    world: FakeEnvironment, intruder: HostNode, victim: HostNode
) -> None:
    (victim.root / "login.json").unlink()
    with pytest.raises(WorldError, match="No such file"):
        FAULT.inject(world)
    assert not intruder.kept


def test_it_needs_a_node_with_an_intruders_tools(
    world: FakeEnvironment, intruder: HostNode
) -> None:
    (intruder.root / "bin" / "use-database-credential").unlink()
    assert FAULT.unavailable(world) == "intruder-inside is no intruder's node"
