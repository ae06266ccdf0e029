"""We believe that Leak puts the bug where the service looks, and takes it away again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from environments.model import Completed, WorldError, stopped
from environments.replica.images.orders.orders.bugs import FOLDER
from fixtures.faults import Leak, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.bounded import bound, end_service, note_kills, set_bounds, started
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

FAULT = Leak("east-app-2", kilobytes=700)
BUG = str(FOLDER / "leak")


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path) -> HostNode:
    (host,) = put_on_hosts(world, tmp_path, "east-app-2")
    bound(host)
    return host


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert str(FAULT.plan(world)) == "Leak the memory of east-app-2"
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert host.below(BUG).read_text() == "700\n"
    assert FAULT.stands(world)
    end_service(host)
    assert not FAULT.has_taken_effect(world)
    note_kills(host, 1)
    assert FAULT.has_taken_effect(world)
    assert FAULT.traces(world) == host.damage() | {stopped("east-app-2")}
    assert FAULT.unavailable(world) == "east-app-2 bears the same fault already"
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not host.below(BUG).exists()
    assert started(host) == ["orders"]


def test_the_kernel_ending_something_else_is_no_effect(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    note_kills(host, 1)
    assert not FAULT.has_taken_effect(world)


def test_a_release_that_was_rolled_back_stands_no_more(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    host.below(BUG).unlink()
    assert not FAULT.stands(world)


def test_it_is_unavailable_where_it_would_harm_others_or_show_nothing(
    world: FakeEnvironment, host: HostNode
) -> None:
    host.below(BUG).parent.mkdir(parents=True)
    host.below(BUG).touch()
    assert FAULT.unavailable(world) == "east-app-2 leaks already"
    set_bounds(host, memory=None)
    assert "no bound of its own" in str(FAULT.unavailable(world))
    with pytest.raises(WorldError, match="no bound of its own"):
        FAULT.inject(world)
    assert host.below(BUG).read_text() == ""


def test_a_look_that_was_killed_itself_is_taken_again_and_not_for_ever(
    world: FakeEnvironment, host: HostNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    FAULT.inject(world)
    end_service(host)
    note_kills(host, 1)
    let_run, killed = host.run, [Completed(137, "", "", 0.1)] * 4

    def run(*asked: Any, **how: Any) -> Completed:  # noqa: ANN401 - whatever it is asked
        return killed.pop() if killed else let_run(*asked, **how)

    monkeypatch.setattr(host, "run", run)
    assert FAULT.has_taken_effect(world)
    killed += [Completed(137, "", "", 0.1)] * 5
    with pytest.raises(WorldError, match="exit code 137"):
        FAULT.has_taken_effect(world)
