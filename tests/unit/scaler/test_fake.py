"""We believe that the fake world scales as the replica says it does."""

from __future__ import annotations

from environments.model import Scaled
from tests.fakes.scaling import ScaledFake
from tests.fakes.world import FakeEnvironment


def test_instances_pass_through_their_stages_in_order() -> None:
    world = ScaledFake()
    world.scale(5, "much to do")
    world.scale(4, "less to do")
    assert world.scaling().places["east-app-4"] == "serving"
    assert world.scaling().places["east-app-5"] == "idle"
    assert [one.why for one in world.scaling_decisions(1)] == ["less to do"]
    assert [(one.instance, one.stage, one.decision) for one in world.scaling_stages(3)] == [
        ("east-app-5", "started", 1),
        ("east-app-5", "ready", 1),
        ("east-app-5", "serving", 1),
        ("east-app-5", "draining", 2),
        ("east-app-5", "stopped", 2),
    ]


def test_only_a_world_with_an_autoscaler_is_scaled() -> None:
    assert isinstance(ScaledFake(), Scaled)
    assert not isinstance(FakeEnvironment(), Scaled)
