"""We believe that instances come when they are ready and go when they are empty.

On the replica: people hold them, let go and change the policy; a restart changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Environment, Killable, Scaled
from environments.replica.containers import connect
from environments.replica.opening import attached
from environments.selectors import find_node
from fixtures.host_speed import slowness
from fixtures.load.process import start_load
from fixtures.waiting import wait_until
from reports.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from environments.model import Completed

# a world of its own: half a minute
pytestmark = [
    pytest.mark.contract,
    pytest.mark.nightly,
    pytest.mark.settings(
        Settings(
            autoscaling="drill",
            instance_cpus=round(0.06 * slowness(), 3),
            instance_memory=256,
        )
    ),
]

SOON = timedelta(seconds=20)
GROWN_WITHIN = timedelta(seconds=60)
WHOLE_WITHIN = timedelta(seconds=90)
ORDERS_PER_SECOND = 20


class World:
    """The replica, and its scaler as people speak to it."""

    def __init__(self, replica: Environment) -> None:
        assert isinstance(replica, Scaled)
        self.replica, self.scaled = replica, replica

    def people(self, *words: str) -> Completed:
        return find_node(self.replica, "east-scaler").run(["scaling", *words], within=SOON)

    def wait_for(self, serving: int) -> None:
        wait_until(
            f"{serving} instances to serve",
            lambda: self.scaled.scaling().serving == serving,
            at_most=GROWN_WITHIN,
            why_not=lambda _: str(self.scaled.scaling()),
        )

    def wait_until_whole(self) -> None:
        wait_until(
            "the replica to be whole",
            lambda: not self.replica.deviations(),
            at_most=WHOLE_WITHIN,
            why_not=lambda _: "; ".join(self.replica.deviations()),
        )

    def stages(self, instance: str) -> list[str]:
        return [one.stage for one in self.scaled.scaling_stages(0) if one.instance == instance]


@pytest.fixture
def world(replica: Environment) -> Iterator[World]:
    """Lend the replica; a test leaves it as whole as it found it."""
    world = World(replica)
    yield world
    world.people("release")
    world.people("use", "/etc/scaler/policies/drill.toml")
    for node in replica.nodes:
        if isinstance(node, Killable):
            node.start()
    world.wait_until_whole()


def test_instances_come_and_go_and_no_customer_is_refused(world: World, tmp_path: Path) -> None:
    known = len(world.scaled.scaling_decisions(0))
    with start_load(
        world.replica.entrance, users=20, attempts_per_second=ORDERS_PER_SECOND,
        folder=tmp_path, customer="scaling", seed=1, say=lambda _: None,
    ) as load:  # fmt: skip
        held = world.people("hold", "5")
        assert held.stdout == "held at 5, until `scaling release`\n", held.stderr
        world.wait_for(5)
        assert world.stages("east-app-5")[:3] == ["started", "ready", "serving"]
        said = world.replica.deviations()
        assert any("holds 5 instances" in sentence for sentence in said)
        assert any("5 of 3 instances are in rotation" in sentence for sentence in said)
        assert world.people("release").exit_code == 0
        released_at = monotonic()
        world.wait_for(3)
        assert monotonic() - released_at > 15, "it did not wait for the cool-down"
        world.wait_until_whole()
    assert world.stages("east-app-5")[-2:] == ["draining", "stopped"]
    changes = [(one.before, one.after) for one in world.scaled.scaling_decisions(known)]
    assert [change for change in changes if change[0] != change[1]] == [(3, 5), (5, 3)]
    assert load.problem is None
    assert set(load.view()["outcome"].tolist()) == {Outcome.YES}


def test_a_policy_that_is_no_good_is_refused_and_the_old_one_stays(world: World) -> None:
    before = world.scaled.scaling().policy_version
    change = "sed 's/^maximum = .*/maximum = 11/' /etc/scaler/policies/drill.toml"
    refused = find_node(world.replica, "east-scaler").run(
        ["sh", "-c", f"{change} | scaling use -"], within=SOON
    )
    assert refused.exit_code == 1
    assert refused.stderr.startswith("scaling: the policy given:")
    assert "maximum is 11, and there are 10 places: write no more\n" in refused.stderr
    assert world.scaled.scaling().policy_version == before
    used = world.people("use", "/etc/scaler/policies/standard.toml")
    assert used.stdout.startswith("the policy standard ("), used.stderr
    assert any("follows the policy standard" in said for said in world.replica.deviations())


def test_a_restart_of_the_scaler_keeps_what_people_hold(world: World) -> None:
    assert world.people("hold", "4").exit_code == 0
    world.wait_for(4)
    scaler = find_node(world.replica, "east-scaler")
    assert isinstance(scaler, Killable)
    scaler.kill()
    scaler.start()
    wait_until("the scaler to answer", lambda: world.people().exit_code == 0, at_most=SOON)
    status = world.scaled.scaling()
    assert (status.held, status.wanted, status.serving) == (4, 4, 4)


def test_a_dead_instance_is_replaced_until_people_started_it_again(world: World) -> None:
    dead = find_node(world.replica, "east-app-2")
    assert isinstance(dead, Killable)
    dead.kill()
    wait_until(
        "another place to serve",
        lambda: world.scaled.scaling().places["east-app-4"] == "serving",
        at_most=GROWN_WITHIN,
    )
    assert world.scaled.scaling().places["east-app-2"] == "failed"
    dead.start()
    world.wait_until_whole()


def test_what_the_world_was_made_with_is_no_trace_of_anything(world: World) -> None:
    assert world.replica.traces() == frozenset()


def test_whoever_mends_a_dead_run_finds_every_place(world: World) -> None:
    engine = connect()
    try:
        with attached(engine, world.replica.id) as found:
            assert [node.name for node in found.nodes] == [
                node.name for node in world.replica.nodes
            ]
            assert isinstance(found, Scaled)
            assert found.scaling().policy == "drill"
    finally:
        engine.close()


def test_the_version_of_prometheus_is_among_the_facts(world: World) -> None:
    assert world.replica.facts()["prometheus"].startswith("2.")


def test_alert_rules_raise_what_they_ought_to(world: World) -> None:
    done = find_node(world.replica, "east-prometheus").run(
        ["promtool", "test", "rules", "/etc/muster/rules_test.yml"], within=SOON
    )
    assert "SUCCESS" in done.stdout + done.stderr
    assert done.exit_code == 0


def test_the_edge_that_restarts_is_told_again_who_serves(world: World) -> None:
    assert world.people("hold", "4").exit_code == 0
    world.wait_for(4)
    edge = find_node(world.replica, "east-edge")
    assert isinstance(edge, Killable)
    edge.kill()
    edge.start()
    wait_until(
        "the six others to be kept out again",
        lambda: _kept_out(edge.run(["rotation"], within=SOON).stdout) == 6,
        at_most=SOON,
    )
    world.wait_for(4)


def _kept_out(rotation: str) -> int:
    return rotation.count("drained by hand")
