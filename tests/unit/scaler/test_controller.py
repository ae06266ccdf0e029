"""We believe that instances come when they are ready and go when they are empty.

Whatever happens in between, restarts of the scaler included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rollout.rotation import Admission
from rollout.supervisors import Process

from environments.replica.images.scaler.scaling.policy import PolicyError
from environments.replica.images.scaler.scaling.reconcile import Deed
from tests.unit.scaler.places import READY_SECONDS, Scene
from tests.unit.scaler.policies import line_of, text_with

if TYPE_CHECKING:
    from pathlib import Path

FIRST = ["app-1", "app-2", "app-3"]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.pass_time(1)
    return scene


def test_at_rest_the_first_three_serve_and_the_others_are_out(scene: Scene) -> None:
    assert scene.world.serving() == FIRST
    others = list(scene.world.places.values())[3:]
    assert {place.admission for place in others} == {Admission.OUT}
    assert scene.whys() == []
    assert scene.controller.status is not None
    assert scene.controller.status.wanted == 3


def test_a_busy_service_gets_instances_once_they_are_ready(scene: Scene) -> None:
    scene.metrics.load = 3.5
    scene.pass_time(1)
    assert scene.world.serving() == FIRST
    started = [action.place for _, action in scene.world.steps if action.deed is Deed.START]
    assert started == ["app-4", "app-5"]
    scene.pass_time(READY_SECONDS)
    assert scene.world.serving() == [*FIRST, "app-4", "app-5"]
    assert scene.stages("app-4") == ["started", "ready", "serving"]
    assert scene.whys()[0] == "cpu is at 167 % of its target of 70 %: 5 instances"


def test_what_an_instance_used_to_start_with_is_no_reason_to_start_another(
    scene: Scene,
) -> None:
    scene.metrics.load = 3.5
    scene.metrics.new_use = 1.4
    scene.pass_time(30)
    assert len(scene.world.serving()) == 5
    assert len(scene.whys()) == 1


def test_an_instance_that_is_let_in_unchecked_serves_before_it_is_ready(tmp_path: Path) -> None:
    scene = Scene(tmp_path, checks_new_instances=False)
    scene.pass_time(1)
    scene.metrics.load = 3.5
    scene.pass_time(1)
    admitted = [action.place for _, action in scene.world.steps if action.deed is Deed.ADMIT]
    assert set(admitted) == {"app-4", "app-5"}
    assert not scene.world.is_ready("app-4")


def grown(scene: Scene, number: int = 5) -> None:
    scene.state.hold(number)
    scene.pass_time(READY_SECONDS + 2)
    assert len(scene.world.serving()) == number


def test_people_hold_and_let_go_and_a_cool_down_begins(scene: Scene) -> None:
    grown(scene)
    assert scene.whys() == ["held at 5 by people"]
    scene.state.release()
    scene.pass_time(4)
    assert len(scene.world.serving()) == 5
    scene.pass_time(4)
    assert scene.world.serving() == FIRST
    assert scene.whys()[1].startswith("released by people: ")


def test_leaving_instances_end_their_requests_first_the_last_one_first(scene: Scene) -> None:
    scene.world.has_requests = True
    grown(scene)
    scene.state.hold(3)
    scene.pass_time(4)
    assert scene.world.serving() == FIRST
    assert sum(place.lost_requests for place in scene.world.places.values()) == 0
    left = [action.place for _, action in scene.world.steps if action.deed is Deed.DRAIN]
    assert left == ["app-5", "app-4"]
    assert scene.stages("app-5") == ["started", "ready", "serving", "draining", "stopped"]
    assert scene.world.places["app-5"].admission is Admission.OUT


def test_requests_that_never_end_are_awaited_for_a_bounded_time(scene: Scene) -> None:
    scene.world.has_requests = True
    scene.world.request_seconds = 60
    grown(scene)
    (scene.folder / "drill.toml").write_text(text_with(drain_seconds="0.5"))
    scene.state.hold(4)
    scene.pass_time(3)
    assert scene.world.places["app-5"].lost_requests == 1
    assert scene.world.places["app-5"].process is Process.STOPPED


def test_without_draining_requests_are_lost(tmp_path: Path) -> None:
    scene = Scene(tmp_path, text_with(drains="false", cool_down_seconds="5"))
    scene.world.has_requests = True
    scene.pass_time(1)
    grown(scene)
    scene.state.hold(4)
    scene.pass_time(1)
    assert scene.world.places["app-5"].lost_requests == 1
    assert not any(action.deed is Deed.DRAIN for _, action in scene.world.steps)
    assert scene.stages("app-5")[-2:] == ["serving", "stopped"]


def test_who_is_leaving_is_brought_back_rather_than_another_started(scene: Scene) -> None:
    scene.world.has_requests = True
    grown(scene)
    scene.state.hold(4)
    scene.pass_time(0.5)
    assert "app-5" not in scene.world.serving()
    scene.state.hold(5)
    scene.pass_time(1)
    assert scene.world.serving() == [*FIRST, "app-4", "app-5"]
    assert scene.stages("app-5")[-2:] == ["draining", "serving"]


def test_a_restart_keeps_the_hold_and_goes_on_where_the_world_is(scene: Scene) -> None:
    scene.world.has_requests = True
    grown(scene)
    scene.state.hold(4)
    scene.pass_time(0.5)
    scene.restart()
    scene.pass_time(3)
    assert scene.world.serving() == [*FIRST, "app-4"]
    assert scene.controller.status is not None
    assert scene.controller.status.held == 4
    scene.state.release()
    scene.restart()
    scene.pass_time(4)
    assert len(scene.world.serving()) == 4, "a restart begins a cool-down"
    scene.pass_time(3)
    assert scene.world.serving() == FIRST
    (shrunk,) = scene.controller.history.decisions(0)
    assert shrunk.number == 4, "numbers go on: three were given before"


def test_a_dead_instance_is_replaced_and_not_restarted(scene: Scene) -> None:
    scene.world.places["app-2"].process = Process.DIED
    scene.pass_time(READY_SECONDS + 1)
    assert scene.world.serving() == ["app-1", "app-3", "app-4"]
    assert scene.stages("app-2") == ["failed"]
    scene.world.places["app-2"].process = Process.RUNNING  # people started it again
    scene.world.places["app-2"].started_at = scene.world.now
    fewest = []
    for _ in range(20):
        scene.pass_time(0.25)
        fewest.append(len(scene.world.serving()))
    assert min(fewest) >= 3
    assert scene.world.serving() == FIRST


def test_an_instance_that_is_never_ready_is_given_up_and_another_place_tried(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, text_with(ready_seconds="3"))
    scene.world.places["app-4"].never_ready = True
    scene.pass_time(1)
    scene.state.hold(4)
    scene.pass_time(10)
    assert scene.world.serving() == [*FIRST, "app-5"]
    assert "failed" in scene.stages("app-4")
    assert scene.world.places["app-4"].process is Process.STOPPED


def test_instances_that_serve_are_not_given_up_when_they_are_not_ready(scene: Scene) -> None:
    for place in scene.world.places.values():
        place.never_ready = True
    scene.pass_time(120)
    assert scene.world.serving() == []
    for place in scene.world.places.values():
        place.never_ready = False
    scene.pass_time(1)
    assert scene.stages("app-1") == [], "it was there all the while"
    assert [scene.world.places[name].process for name in FIRST] == [Process.RUNNING] * 3


def test_while_metrics_are_unknown_nobody_leaves(scene: Scene) -> None:
    scene.state.hold(5)
    scene.pass_time(5)
    scene.metrics.load = None
    scene.state.release()
    scene.pass_time(30)
    assert len(scene.world.serving()) == 5
    assert scene.whys()[-1] == "cpu cannot be known: nothing is changed"


def test_while_the_edge_is_silent_nothing_is_done_and_that_is_seen(scene: Scene) -> None:
    scene.world.answers = False
    steps = len(scene.world.steps)
    scene.state.hold(5)
    scene.pass_time(6)
    assert len(scene.world.steps) == steps
    assert scene.controller.status is not None
    assert scene.world.now - scene.controller.status.turned_at > 5


def test_the_maximum_is_kept_and_said_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, text_with(maximum="4"))
    scene.pass_time(1)
    scene.metrics.load = 9.0
    scene.pass_time(20)
    assert len(scene.world.serving()) == 4
    assert [why for why in scene.whys() if "is the maximum" in why] == scene.whys()
    assert len(scene.whys()) <= 2


def test_another_policy_is_in_force_at_once_and_a_bad_one_never(scene: Scene) -> None:
    scene.state.use(text_with(minimum="4").encode(), "other.toml")
    scene.pass_time(READY_SECONDS + 1)
    assert len(scene.world.serving()) == 4
    assert "is in force" in scene.whys()[0]
    with pytest.raises(PolicyError, match=rf"bad\.toml:{line_of('minimum')}: minimum is 0"):
        scene.state.use(text_with(minimum="0").encode(), "bad.toml")
    (scene.folder / "state/policy.toml").write_text("minimum = ")
    scene.pass_time(2)
    assert scene.controller.status is not None
    assert scene.controller.status.policy.minimum == 4


def test_without_any_policy_the_scaler_does_not_start(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "minimum = ")
    with pytest.raises(PolicyError, match=r"drill\.toml is no TOML"):
        scene.pass_time(1)
