"""We believe that a copy counts for as long as it opens anything, and that none is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from environments.model import WorldError
from fixtures.faults import CopySecrets, describe, rebuild
from fixtures.faults.copy_secrets import HELD, IDENTITY, LOGINS, OPEN, SHUT
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode

if TYPE_CHECKING:
    from pathlib import Path

FAULT = CopySecrets()
EVERYTHING = {**LOGINS, **IDENTITY, **HELD}
# Both let in whose password, or identity, stands in a file that all nodes share.
PSQL = r"""
[ ! -e "$ROOT/../down" ] || { echo 'psql: error: no route to host' >&2; exit 2; }
grep -qx "$PGPASSWORD" "$ROOT/../good" || {
  echo 'FATAL:  password authentication failed for user "somebody"' >&2
  exit 2
}
"""
CURL = r"""
while [ $# -gt 0 ]; do [ "$1" != --cert ] || shown=$2; shift; done
if grep -qx "$(cat "$shown")" "$ROOT/../good"; then printf 200; else printf 403; fi
"""


@pytest.fixture
def hosts(world: FakeEnvironment, tmp_path: Path) -> dict[str, HostNode]:
    names = sorted({"intruder-inside", *(node for node, _ in EVERYTHING.values())})
    hosts = {name: HostNode(world, name, "some", tmp_path / name) for name in names}
    world.nodes = [*hosts.values()]
    hosts["intruder-inside"].has("psql", PSQL)
    hosts["intruder-inside"].has("curl", CURL)
    for name, (node, file) in EVERYTHING.items():
        secret = f"secret of {name}"
        told = (
            json.dumps({"user": "somebody", "password": secret}) if name in LOGINS else secret
        )
        written = hosts[node].below(f"/run/vault/{file}")
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(told)
    good = "".join(f"secret of {name}\n" for name in EVERYTHING)
    (tmp_path / "good").write_text(good)
    return hosts


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.mark.usefixtures("hosts")
def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, hosts: dict[str, HostNode]
) -> None:
    planned = FAULT.plan(world)
    assert str(planned) == "Copy every secret to intruder-inside"
    anybody = rebuild(json.loads(json.dumps(describe(planned))))
    assert planned.unavailable(world) is None
    assert not planned.has_taken_effect(world)
    planned.inject(world)
    assert planned.has_taken_effect(world)
    assert planned.stands(world)
    assert hosts["intruder-inside"].damage() == planned.traces(world)
    anybody.revert(world)
    anybody.revert(world)
    assert planned.has_gone(world)
    assert not planned.stands(world)
    assert hosts["intruder-inside"].kept == []


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize("name", [*LOGINS, *IDENTITY])
def test_it_stands_while_one_copy_opens_anything(
    name: str, world: FakeEnvironment, tmp_path: Path
) -> None:
    FAULT.inject(world)
    (tmp_path / "good").write_text(f"secret of {name}\n")
    for held, (node, file) in HELD.items():
        (tmp_path / node / "run/vault" / file).write_text(f"another {held}")
    assert FAULT.found(world) == {
        other: OPEN if other == name else SHUT for other in EVERYTHING
    }
    assert FAULT.stands(world)
    assert not FAULT.has_taken_effect(world)
    (tmp_path / "good").write_text("")
    assert not FAULT.stands(world)


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize("name", HELD)
def test_it_stands_while_a_node_has_what_was_copied(
    name: str, world: FakeEnvironment, tmp_path: Path
) -> None:
    FAULT.inject(world)
    (tmp_path / "good").write_text("")
    for held, (node, file) in HELD.items():
        if held != name:
            (tmp_path / node / "run/vault" / file).write_text(f"another {held}")
    assert FAULT.stands(world)


@pytest.mark.usefixtures("hosts")
def test_a_database_that_does_not_answer_proves_nothing(
    world: FakeEnvironment, tmp_path: Path
) -> None:
    FAULT.inject(world)
    (tmp_path / "down").touch()
    assert not FAULT.has_taken_effect(world)
    with pytest.raises(WorldError, match="orders-login: psql: error: no route to host"):
        FAULT.stands(world)
