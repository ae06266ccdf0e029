"""We believe that places are seen as their supervisors, the edge and they themselves say."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from rollout.rotation import Admission, Order, Rotation, RotationError, Server
from rollout.supervisors import Process, SupervisorError

from environments.replica.images.deployer.deploying.plan import View
from environments.replica.images.deployer.deploying.world import World, WorldError
from tests.unit.deployer.places import AtOnce

STATE = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight
4 app 1 app1 10.0.0.1 2 0 250 1
4 app 2 app2 10.0.0.2 0 1 83 1

# pxname,svname,qcur,qmax,scur,smax,
app,app1,0,0,2,9,
app,app2,0,0,0,9,
"""
ADDRESSES = {"app-1": "10.0.0.1", "green-1": "10.0.0.2"}
BLUE = Server("app1", "10.0.0.1", Admission.IN, is_up=True, sessions=2, weight=250)
GREEN = Server("app2", "10.0.0.2", Admission.OUT, is_up=False, sessions=0, weight=83)


@dataclass
class Keeper:
    place: str = "green-1"
    process: Process = Process.STOPPED
    asked: list[str] = field(default_factory=list)
    refuses: bool = False

    def state(self) -> Process:
        return self.process

    def start(self) -> None:
        self._do("start")

    def stop(self) -> None:
        self._do("stop")

    def _do(self, what: str) -> None:
        if self.refuses:
            raise SupervisorError(f"green-1 did not take {what}")
        self.asked.append(what)


@dataclass
class Scene:
    answer: str = STATE
    keeper: Keeper = field(default_factory=Keeper)
    told: list[str] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.world = World(
            ["app-1"],
            [self.keeper],
            Rotation(self._ask),
            lambda: self.now,
            AtOnce(),
            is_ready=lambda _: True,
            address_of=self._address_of,
        )

    def _ask(self, command: str) -> str:
        self.told.append(command)
        if not self.answer:
            raise RotationError("the edge does not answer")
        return self.answer if command.startswith("show") else ""

    def _address_of(self, place: str) -> str:
        if self.now > 10:
            raise OSError
        return ADDRESSES[place]


def test_places_are_seen_by_their_addresses() -> None:
    scene = Scene()
    assert scene.world.look() == [
        View("app-1", BLUE),
        View("green-1", GREEN, Process.STOPPED, is_ready=False),
    ]
    scene.keeper.process = Process.RUNNING
    scene.now = 20  # the network knows nobody now: they keep their last addresses
    assert scene.world.look()[1] == View("green-1", GREEN, Process.RUNNING, is_ready=True)


def test_steps_are_taken_and_refusals_said() -> None:
    scene = Scene()
    scene.world.tell([Order(GREEN, Admission.IN, 90)])
    assert scene.told == ["set server app/app2 weight 90;set server app/app2 state ready"]
    scene.world.start("green-1")
    scene.world.stop("green-1")
    assert scene.keeper.asked == ["start", "stop"]
    scene.keeper.refuses = True
    for step in (scene.world.start, scene.world.stop):
        with pytest.raises(WorldError, match="did not take"):
            step("green-1")


def test_an_edge_that_is_silent_is_said() -> None:
    scene = Scene(answer="")
    with pytest.raises(WorldError, match="the edge does not answer"):
        scene.world.look()
    with pytest.raises(WorldError, match="the edge does not answer"):
        scene.world.tell([Order(GREEN, Admission.IN)])
