"""We believe that the places are seen as they are, and that nobody's silence stops the loop."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from rollout.rotation import Rotation, RotationError
from rollout.supervisors import Process, SupervisorError

from environments.replica.images.scaler.scaling.reconcile import Action, Deed, Phase
from environments.replica.images.scaler.scaling.world import (
    SETTLED_SECONDS,
    SILENT_SECONDS,
    World,
    WorldError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Keeper:
    place: str
    process: Process = Process.RUNNING
    asked: int = 0
    done: list[str] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)
    refuses: bool = False

    def __post_init__(self) -> None:
        self.answers.set()

    def state(self) -> Process:
        self.answers.wait(10)
        self.asked += 1
        return self.process

    def start(self) -> None:
        if self.refuses:
            raise SupervisorError("app-1 did not take startProcess: it is away")
        self.done.append("start")

    def stop(self) -> None:
        self.done.append("stop")

    def kill(self) -> None:
        self.done.append("kill")


@dataclass
class Stage:
    """Two places; ``states`` is what the edge says: operational and administrative state."""

    threads: ThreadPoolExecutor
    now: float = 100.0
    states: list[tuple[int, int]] = field(default_factory=lambda: [(2, 0), (0, 1)])
    edge_is_away: bool = False
    addresses: dict[str, str] = field(
        default_factory=lambda: {"app-1": "10.0.0.1", "app-2": "10.0.0.2"}
    )
    told: list[str] = field(default_factory=list)
    ready: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.keepers = [Keeper("app-1"), Keeper("app-2", Process.STOPPED)]
        self.world = World(
            self.keepers,
            Rotation(self._edge),
            lambda: self.now,
            self.threads,
            is_ready=lambda place: place in self.ready,
            address_of=self._address,
        )

    def _address(self, place: str) -> str:
        if place not in self.addresses:
            raise OSError("Name or service not known")
        return self.addresses[place]

    def _edge(self, command: str) -> str:
        if self.edge_is_away:
            raise RotationError("the edge does not answer: timed out")
        if command.startswith("set"):
            self.told.append(command)
            return "\n"
        numbered = list(enumerate(self.states, start=1))
        lines = [f"4 app {n} s{n} 10.0.0.{n} {op} {admin} 1" for n, (op, admin) in numbered]
        counts = [f"app,s{n},0,{n}," for n, _ in numbered]
        return "\n".join(["1", "# ...", *lines, "", "# pxname,svname,qcur,scur,", *counts, ""])

    def phases(self) -> list[Phase]:
        return [view.phase for view in self.world.look()]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with ThreadPoolExecutor(4) as threads:
        stage = Stage(threads)
        yield stage
        for keeper in stage.keepers:
            keeper.answers.set()


def test_what_supervisor_and_edge_say_is_one_view(stage: Stage) -> None:
    assert stage.phases() == [Phase.SERVING, Phase.IDLE]
    assert [view.sessions for view in stage.world.look()] == [1, 2]
    assert stage.world.names() == {"10.0.0.1": "app-1", "10.0.0.2": "app-2"}


def test_whoever_serves_is_asked_seldom_and_whoever_moves_often(stage: Stage) -> None:
    stage.phases()
    stage.now += SETTLED_SECONDS - 0.1
    stage.phases()
    assert [keeper.asked for keeper in stage.keepers] == [1, 1]
    stage.states[0] = (2, 8)
    for _ in range(3):
        stage.now += 0.25
        stage.phases()
    assert stage.keepers[0].asked == 4


def test_when_the_edge_finds_an_instance_gone_its_supervisor_is_asked(stage: Stage) -> None:
    stage.phases()
    stage.keepers[0].process = Process.DIED
    stage.states[0] = (0, 0)
    stage.now += 1.1
    assert stage.phases()[0] is Phase.FAILED


def test_an_instance_that_was_started_is_seen_in_the_next_turn(stage: Stage) -> None:
    stage.phases()
    stage.world.take(Action(Deed.START, "app-2"))
    assert stage.keepers[1].done == ["start"]
    stage.keepers[1].process = Process.RUNNING
    assert stage.phases()[1] is Phase.STARTING
    stage.ready.add("app-2")
    assert stage.phases()[1] is Phase.READY
    stage.world.take(Action(Deed.ADMIT, "app-2"))
    assert stage.told == ["set server app/s2 state ready"]


def test_a_supervisor_without_time_to_answer_is_not_silent_at_once(stage: Stage) -> None:
    stage.states[0] = (0, 1)
    assert stage.phases()[0] is Phase.STARTING
    stage.keepers[0].process = Process.SILENT
    stage.now += SILENT_SECONDS - 1
    assert stage.phases()[0] is Phase.STARTING
    stage.now += 2
    assert stage.phases()[0] is Phase.FAILED


def test_a_place_that_does_not_answer_holds_nobody_up(stage: Stage) -> None:
    stage.phases()
    stage.keepers[0].answers.clear()
    stage.now += 60
    assert stage.phases() == [Phase.SERVING, Phase.IDLE]


def test_a_place_that_is_gone_is_not_taken_for_who_has_its_address_now(stage: Stage) -> None:
    stage.phases()
    del stage.addresses["app-1"]
    stage.keepers[0].process = Process.SILENT
    stage.now += 60
    assert stage.phases()[0] is Phase.SERVING, "the edge still reaches it"
    stage.addresses["app-2"] = "10.0.0.1"
    stage.now += 60
    assert stage.phases()[0] is Phase.FAILED
    assert stage.world.names() == {"10.0.0.1": "app-2"}


def test_nothing_is_said_before_every_place_was_heard_of(stage: Stage) -> None:
    stage.keepers[1].answers.clear()
    with pytest.raises(WorldError, match="app-2 was not heard of yet"):
        stage.world.look()


def test_a_place_that_is_silent_from_the_first_is_waited_for_and_then_gone(
    stage: Stage,
) -> None:
    stage.keepers[1].process = Process.SILENT
    with pytest.raises(WorldError, match="app-2 was not heard of yet"):
        stage.world.look()
    stage.now += SILENT_SECONDS + 0.1
    assert stage.phases() == [Phase.SERVING, Phase.FAILED]


def test_what_could_not_be_done_is_said(stage: Stage) -> None:
    with pytest.raises(WorldError, match="knows no address of app-1"):
        stage.world.take(Action(Deed.DRAIN, "app-1"))
    stage.phases()
    stage.keepers[0].refuses = True
    with pytest.raises(WorldError, match="did not take startProcess"):
        stage.world.take(Action(Deed.START, "app-1"))
    stage.edge_is_away = True
    with pytest.raises(WorldError, match="the edge does not answer"):
        stage.world.look()
