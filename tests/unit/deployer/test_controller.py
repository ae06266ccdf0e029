"""We believe that a good release gets to all customers, and that a bad one is taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rollout.history import By
from rollout.supervisors import Process

from environments.replica.images.deployer.deploying.controller import RefusedError
from tests.unit.deployer.places import BLUE, GREEN, Release, Scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = Release("1.1.0")
ERRS = Release("1.2.0", fails_one_in=20)
STARTS_SECONDS, LONG = 3, 60


@pytest.fixture
def scene_of(tmp_path: Path) -> Callable[..., Scene]:
    def make(release: Release, **settings: object) -> Scene:
        scene = Scene(tmp_path, release, **settings)  # type: ignore[arg-type] # its fields
        scene.pass_time(3)
        return scene

    return make


def test_a_good_release_gets_to_all_stage_by_stage(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(GOOD)
    scene.controller.ask("start")
    scene.pass_time(STARTS_SECONDS)
    assert scene.share() == pytest.approx(0.1, abs=0.005)
    assert scene.running() == ["green-1"]
    shares = set()
    for _ in range(4 * LONG):
        scene.pass_time(0.25)
        shares.add(round(scene.share(), 1))
    assert shares == {0.1, 0.5, 1.0}
    assert scene.events() == [
        "started", "stage", "judged", "stage", "judged", "promoted", "stable",
    ]  # fmt: skip
    assert scene.serving() == list(GREEN)
    assert {view.place for view in scene.world.look() if view.process == "running"} == {
        *BLUE, *GREEN,
    }  # fmt: skip
    assert not any(place.dropped for place in scene.world.places.values())


def test_nobody_meets_an_instance_before_it_took_an_order(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(replace(GOOD, refuses_trials=True))
    scene.controller.ask("start")
    scene.pass_time(LONG)
    assert not any(scene.world.places[name].met for name in GREEN)
    assert scene.events() == ["started", "rolling back", "rolled back"]
    assert "critical function is broken: green-1 answers POST" in scene.why("rolling back")


@pytest.mark.parametrize(
    ("release", "why", "most_met"),
    [
        (ERRS, "failed, and without the change", 0.1),
        (Release("1.3.0", slow_one_in=4), "took longer than 500 ms", 0.1),
        (Release("1.4.0", megabytes_a_request=1), "green-1 uses", 0.1),
        (Release("1.5.0", starts=False), "green-1 died", 0.0),
        (Release("1.6.0", corrupts=True), "wrote another amount", 0.1),
    ],
    ids=lambda value: getattr(value, "version", ""),
)
def test_a_bad_release_is_taken_back_by_itself(
    scene_of: Callable[..., Scene], release: Release, why: str, most_met: float
) -> None:
    scene = scene_of(release)
    scene.controller.ask("start")
    scene.pass_time(30)
    assert scene.events()[-2:] == ["rolling back", "rolled back"]
    assert why in scene.why("rolling back")
    assert {entry.by for entry in scene.controller.history.after(0)[-2:]} == {By.ITSELF}
    assert {entry.share for entry in scene.controller.history.after(0)} <= {0.0, most_met}
    assert scene.serving() == list(BLUE)
    assert scene.running() == []
    assert not any(place.dropped for place in scene.world.places.values())


def test_one_that_dies_while_it_serves_is_taken_back(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(GOOD)
    scene.controller.ask("start")
    scene.pass_time(STARTS_SECONDS + 2)
    scene.world.places["green-1"].process = Process.DIED
    scene.pass_time(3)
    assert scene.why("rolling back") == "green-1 died"
    assert scene.serving() == list(BLUE)


def test_a_release_that_nobody_meets_is_not_thought_to_be_good(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(GOOD)
    scene.controller.ask("start")
    scene.world.serve = lambda: None  # type: ignore[method-assign] # no customers
    scene.pass_time(LONG)
    assert "too few customers met it" in scene.why("rolling back")


def test_without_automatic_rollback_the_stage_is_held_and_people_decide(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(ERRS, policy="drill-by-hand")
    scene.controller.ask("start")
    scene.pass_time(LONG)
    assert scene.events() == ["started", "stage"]
    assert scene.share() == pytest.approx(0.1, abs=0.005)
    assert "failed" in scene.controller.trouble
    assert scene.controller.ask("rollback") == "release-1 is rolled back"
    scene.pass_time(3)
    last = scene.controller.history.after(0)[-2:]
    assert [(one.event, one.by) for one in last] == [
        ("rolling back", By.PEOPLE),
        ("rolled back", By.PEOPLE),
    ]
    assert scene.serving() == list(BLUE)
    assert scene.running() == []


def test_a_canary_that_looks_at_no_errors_lets_a_bad_release_through(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(ERRS, policy="drill-blind")
    scene.controller.ask("start")
    scene.pass_time(LONG)
    assert scene.events()[-1] == "stable"


def test_a_rollback_that_forgets_an_instance_leaves_it_serving(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(ERRS, taken_back=GREEN[1:])
    scene.controller.ask("start")
    scene.pass_time(LONG)
    assert scene.events()[-1] == "rolled back"
    assert scene.serving() == [*BLUE, "green-1"]


def test_switching_gives_all_customers_at_once_and_all_at_once_back(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(GOOD, policy="standard")
    scene.controller.ask("switch")
    shares = set()
    for _ in range(4 * 15):
        scene.pass_time(0.25)
        shares.add(scene.share())
    assert shares == {0.0, 1.0}
    scene.controller.ask("switch")
    scene.pass_time(0.25)
    assert scene.serving() == list(BLUE)
    scene.pass_time(5)
    assert scene.running() == list(GREEN)  # for whoever wants to look at them
    assert scene.controller.ask("rollback") == "green-1, green-2, green-3 are stopped"
    scene.pass_time(1)
    assert scene.running() == []
    assert scene.events() == ["started", "promoted", "rolling back", "rolled back"]


def test_one_that_is_stable_can_still_be_taken_back(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(GOOD)
    scene.controller.ask("start")
    scene.pass_time(LONG)
    scene.controller.ask("rollback")
    scene.pass_time(3)
    assert scene.serving() == list(BLUE)
    assert scene.running() == []


def test_people_may_go_on_without_waiting(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(GOOD, policy="standard")
    scene.controller.ask("start")
    scene.pass_time(STARTS_SECONDS)
    scene.controller.ask("promote")
    scene.pass_time(2 * STARTS_SECONDS)
    assert scene.share() == pytest.approx(0.5, abs=0.005)


def test_people_need_not_wait_for_the_next_look(scene_of: Callable[..., Scene]) -> None:
    controller = scene_of(GOOD).controller
    assert (controller.pause_seconds, controller.asked.is_set()) == (1.0, False)
    controller.ask("start")
    assert (controller.pause_seconds, controller.asked.is_set()) == (0.25, True)


def test_asking_again_does_no_harm(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(GOOD)
    assert "nothing to roll back" in scene.controller.ask("rollback")
    scene.controller.ask("start")
    assert "on its way already" in scene.controller.ask("start")
    scene.pass_time(LONG)
    assert scene.controller.ask("start") == "1.1.0 is live already"
    scene.controller.ask("rollback")
    scene.controller.ask("rollback")
    scene.pass_time(3)
    assert scene.events().count("rolled back") == 1
    assert "nothing to roll back" in scene.controller.ask("rollback")


@pytest.mark.parametrize(
    ("after", "asked", "why"),
    [
        (0, "promote", "there is nothing to promote"),
        (0, "dance", "nothing to ask for"),
        (STARTS_SECONDS, "switch", "promote it, or roll it back"),
    ],
)
def test_what_cannot_be_done_is_refused(
    scene_of: Callable[..., Scene], after: float, asked: str, why: str
) -> None:
    scene = scene_of(GOOD)
    if after:
        scene.controller.ask("start")
        scene.pass_time(after)
    with pytest.raises(RefusedError, match=why):
        scene.controller.ask(asked)


def test_a_dead_release_can_be_tried_again(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(replace(GOOD, starts=False))
    scene.controller.ask("start")
    scene.pass_time(3)
    scene.world.green.starts = True
    scene.controller.ask("start")
    scene.pass_time(LONG)
    assert scene.events()[-1] == "stable"


def test_it_goes_on_where_it_was_after_a_restart(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(GOOD)
    scene.controller.ask("start")
    for _ in range(LONG // 12):
        scene.pass_time(12)
        scene.restart()
    assert scene.events()[-1] == "stable"
    assert scene.events().count("promoted") == 1
    assert scene.serving() == list(GREEN)


def test_an_edge_that_forgot_is_told_again(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(GOOD)
    scene.controller.ask("start")
    scene.pass_time(STARTS_SECONDS)
    scene.world.forget()
    scene.pass_time(0.5)
    assert scene.share() == pytest.approx(0.1, abs=0.005)


def test_an_edge_that_is_silent_is_waited_for(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(ERRS)
    scene.controller.ask("start")
    scene.pass_time(STARTS_SECONDS)
    scene.world.answers = False
    scene.pass_time(5)
    scene.world.answers = True
    scene.pass_time(30)
    assert scene.events()[-1] == "rolled back"
