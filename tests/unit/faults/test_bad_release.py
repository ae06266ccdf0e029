"""We believe that BadRelease is seen by what instances show, and undone by going back."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import BadRelease, describe, rebuild
from tests.fakes.nodes import FakeNode
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from pathlib import Path

FAULT = BadRelease("errs", "east-deployer")
AT_REST = "1.0.0 is live (blue); idle\npolicy drill (1)\neast-app-1 serves customers: 1.0.0\n"
ON_ITS_WAY = AT_REST.replace("idle", "serving") + "east-green-1 serves customers: 1.2.0\n"
LEFT_BEHIND = AT_REST + "east-green-1 serves customers: 1.2.0\n"
GOING_BACK = AT_REST.replace("idle", "rolling back")
# Stands for the package on the deployer: what instances show is in files of the node.
READING = """
import json, os
from types import SimpleNamespace
class SilentError(Exception): pass
def read_instance(place):
    told = json.load(open(os.environ["ROOT"] + "/instances"))
    if place not in told: raise SilentError
    errors, slow, memory = told[place]
    return SimpleNamespace(
        counts=SimpleNamespace(errors=errors, slow=slow), memory_bytes=memory)
"""
SUPERVISORS = """
import os
class Process: DIED, STOPPED = "died", "stopped"
class Supervisor:
    def __init__(self, place): self.file = os.environ["ROOT"] + "/" + place
    def state(self):
        has_died = os.path.exists(self.file) and open(self.file).read() == "died"
        return Process.DIED if has_died else Process.STOPPED
    def stop(self): open(self.file, "w").write("stopped")
"""


@pytest.fixture
def world() -> FakeEnvironment:
    world = FakeEnvironment()
    world.nodes.append(FakeNode(world, "east-deployer", "deployer", "east"))
    return world


@pytest.fixture
def host(world: FakeEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostNode:
    (host,) = put_on_hosts(world, tmp_path, "east-deployer")
    package = tmp_path / "python" / "rollout"
    package.mkdir(parents=True)
    (package / "reading.py").write_text(READING)
    (package / "supervisors.py").write_text(SUPERVISORS)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv("BLUE", "east-app-1")
    monkeypatch.setenv("GREEN", "east-green-1,east-green-2")
    host.has("python3", f'exec {sys.executable} "$@"')
    host.has(
        "deploy",
        "case $1 in start) cp $ROOT/started $ROOT/status ;;"
        " rollback) cp $ROOT/back $ROOT/status ;; status) cat $ROOT/status ;; esac",
    )
    says(host, status=AT_REST, started=ON_ITS_WAY, back=AT_REST)
    show(host)
    return host


def says(host: HostNode, **files: str) -> None:
    for name, text in files.items():
        (host.root / name).write_text(text)


def show(host: HostNode, *, errors: int = 0, slow: int = 0, memory: float = 60e6) -> None:
    told = {"east-app-1": (9, 9, 60e6), "east-green-1": (errors, slow, memory)}
    (host.root / "instances").write_text(json.dumps(told))


def test_it_reads_well() -> None:
    assert str(FAULT) == "Deploy a release that fails one request in twenty"


def test_it_comes_is_seen_and_is_undone_by_anybody(
    world: FakeEnvironment, host: HostNode
) -> None:
    planned = BadRelease("errs").plan(world)
    assert planned == FAULT
    anybody = rebuild(json.loads(json.dumps(describe(planned))))
    assert planned.unavailable(world) is None
    anybody.revert(world)
    assert planned.has_gone(world)
    planned.inject(world)
    assert not planned.has_taken_effect(world), "no request has failed yet"
    show(host, errors=1)
    assert planned.has_taken_effect(world)
    show(host)
    assert planned.has_taken_effect(world), "it was seen, though its instances are gone by now"
    assert planned.stands(world)
    assert not planned.has_gone(world)
    assert planned.unavailable(world)
    assert host.damage() == planned.traces(world)
    anybody.revert(world)
    anybody.revert(world)
    assert planned.has_gone(world)
    assert host.damage() == frozenset()
    assert (host.root / "east-green-2").read_text() == "stopped"


@pytest.mark.parametrize(
    ("behaves", "shown"),
    [("errs", {"errors": 1}), ("slow", {"slow": 1}), ("leaks", {"memory": 90e6})],
)
def test_each_behaviour_is_seen_by_what_is_its_own(
    world: FakeEnvironment, host: HostNode, behaves: str, shown: dict[str, int]
) -> None:
    fault = BadRelease(behaves, "east-deployer")
    fault.inject(world)
    show(host, **{name: 1 for name in ("errors", "slow") if name not in shown})
    assert not fault.has_taken_effect(world)
    show(host, **shown)
    assert fault.has_taken_effect(world)


def test_one_that_cannot_start_is_seen_by_its_supervisor(
    world: FakeEnvironment, host: HostNode
) -> None:
    fault = BadRelease("dead", "east-deployer")
    fault.inject(world)
    assert not fault.has_taken_effect(world)
    says(host, **{"east-green-1": "died"})
    assert fault.has_taken_effect(world)


@pytest.mark.parametrize(
    ("status", "stands"),
    [(ON_ITS_WAY, True), (LEFT_BEHIND, True), (GOING_BACK, False), (AT_REST, False)],
)
def test_it_stands_while_anybody_meets_it(
    world: FakeEnvironment, host: HostNode, status: str, *, stands: bool
) -> None:
    FAULT.inject(world)
    says(host, status=status)
    assert FAULT.stands(world) is stands


@pytest.mark.parametrize("status", [LEFT_BEHIND, GOING_BACK])
def test_it_is_not_gone_before_all_is_as_before(
    world: FakeEnvironment, host: HostNode, status: str
) -> None:
    FAULT.inject(world)
    says(host, back=status)
    FAULT.revert(world)
    assert not FAULT.has_gone(world)


def test_it_is_unavailable_where_another_release_is_live(
    world: FakeEnvironment, host: HostNode
) -> None:
    says(host, status="1.1.0 is live (green); idle\neast-green-1 serves customers: 1.1.0\n")
    assert "another release is live" in (FAULT.unavailable(world) or "")
    says(host, status=AT_REST)
    strange = BadRelease("sings", "east-deployer")
    assert "no release behaves so: write one of errs" in (strange.unavailable(world) or "")
