"""We believe that WrongClock is seen where the service says a wrong time, and is taken back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import DAMAGE_FOLDER, Trace, TraceKind
from fixtures.faults import WrongClock, describe, rebuild
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

FAULT = WrongClock("east-app-1", timedelta(hours=-3))
CLOCK = f"{DAMAGE_FOLDER}/clock"
# A service that minds the file, unless it is deaf, and lags behind a little.
TELLS = f"""
cat > /dev/null
[ ! -e "$ROOT/silent" ] || exit 1
by=0
if [ -e "$ROOT{CLOCK}" ] && [ ! -e "$ROOT/deaf" ]; then by=$(cat "$ROOT{CLOCK}"); fi
echo $(($(date +%s) $by - 1))
""".replace("by=0", "by=+0")


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostNode:
    monkeypatch.setenv("CLOCK_LIBRARY", "/a/library")
    monkeypatch.delenv("PGDATA", raising=False)
    (host,) = put_on_hosts(world, tmp_path, "east-app-1")
    host.has("python3", TELLS)
    return host


@pytest.mark.parametrize(
    ("by", "sentence"),
    [
        (timedelta(minutes=10), "Put the clock of east-app-1 10 min ahead"),
        (timedelta(hours=-3), "Put the clock of east-app-1 3 h behind"),
        (timedelta(days=365), "Put the clock of east-app-1 365 d ahead"),
        (timedelta(seconds=-90), "Put the clock of east-app-1 90 s behind"),
    ],
)
def test_it_reads_well(by: timedelta, sentence: str) -> None:
    assert str(WrongClock("east-app-1", by)) == sentence


@pytest.mark.parametrize("by", [timedelta(0), timedelta(seconds=-9), timedelta(seconds=10.5)])
def test_what_nobody_could_tell_from_a_right_clock_is_none(by: timedelta) -> None:
    with pytest.raises(ValueError, match="whole seconds, and ten or more"):
        WrongClock("east-app-1", by)


@pytest.mark.parametrize("kind", ["an instance", "a database"])
def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "a database":
        monkeypatch.setenv("PGDATA", "/a/folder")
        host.has("python3", "exit 1")
        host.has("psql", TELLS)
    anybody = rebuild(json.loads(json.dumps(describe(FAULT))))
    assert FAULT.unavailable(world) is None
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert not FAULT.has_taken_effect(world)
    FAULT.inject(world)
    FAULT.inject(world)
    assert host.below(CLOCK).read_text() == "-10800"
    assert FAULT.has_taken_effect(world)
    assert FAULT.stands(world)
    assert not FAULT.has_gone(world)
    steered = Trace("east-app-1", TraceKind.DAMAGE, "clock")
    assert steered in FAULT.traces(world)
    assert host.damage() == FAULT.traces(world)
    anybody.revert(world)
    anybody.revert(world)
    assert FAULT.has_gone(world)
    assert host.kept == []


def test_a_service_that_goes_on_telling_the_right_time_is_no_effect(
    world: FakeEnvironment, host: HostNode
) -> None:
    (host.root / "deaf").touch()
    FAULT.inject(world)
    assert not FAULT.has_taken_effect(world)
    (host.root / "deaf").unlink()
    (host.root / "silent").touch()
    assert not FAULT.has_taken_effect(world)


def test_a_clock_that_people_set_right_does_not_stand(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    host.below(CLOCK).unlink()
    assert not FAULT.stands(world)


def test_it_has_not_gone_while_the_service_tells_another_time(
    world: FakeEnvironment, host: HostNode
) -> None:
    FAULT.inject(world)
    host.has("python3", "cat > /dev/null; echo 1000000000")
    FAULT.revert(world)
    assert not FAULT.has_gone(world)


def test_it_is_unavailable_where_it_would_show_nothing(
    world: FakeEnvironment, host: HostNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host.root / "silent").touch()
    assert "does not say what time it is" in str(FAULT.unavailable(world))
    host.below(CLOCK).parent.mkdir(parents=True, exist_ok=True)
    host.below(CLOCK).write_text("+60")
    assert FAULT.unavailable(world) == "east-app-1 has a wrong clock already"
    monkeypatch.setenv("CLOCK_LIBRARY", "")
    assert "nobody can steer" in str(FAULT.unavailable(world))
