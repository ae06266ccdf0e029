"""We believe that StopBackups is seen only where the backup tool refuses, and is taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import StopBackups, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

FAULT = StopBackups("east-cache-1")
REPOSITORY = r"""
[ "$1" = --stanza=muster ] || exit 1
case $2 in
  stop) [ -e "$ROOT/deaf" ] || touch "$ROOT/stopped" ;;
  start) rm -f "$ROOT/stopped" ;;
  --repo=1)
    [ ! -e "$ROOT/broken" ] || exit 55
    [ ! -e "$ROOT/stopped" ] || exit 62 ;;
esac
"""


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostNode:
    monkeypatch.setenv("REPOSITORY", "1")
    (host,) = put_on_hosts(world, tmp_path, "east-cache-1")
    host.has("pgbackrest", REPOSITORY)
    return host


def test_it_reads_well() -> None:
    assert str(FAULT) == "Stop backups on east-cache-1"


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert FAULT.unavailable(world) is None
    assert not FAULT.has_taken_effect(world)
    FAULT.inject(world)
    assert FAULT.has_taken_effect(world)
    assert not FAULT.has_gone(world)
    assert host.damage() == FAULT.traces(world)
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)


def test_what_is_stopped_already_is_left_alone(world: FakeEnvironment, host: HostNode) -> None:
    (host.root / "stopped").touch()
    assert FAULT.unavailable(world) == "east-cache-1 has its backup tool stopped already"


@pytest.mark.parametrize("how", ["deaf", "broken"])
def test_a_tool_that_does_not_refuse_is_not_stopped(
    world: FakeEnvironment, host: HostNode, how: str
) -> None:
    (host.root / how).touch()
    FAULT.inject(world)
    if how == "broken":  # it fails, but not because it was told to stop
        assert (host.root / "stopped").exists()
    assert not FAULT.has_taken_effect(world)
