"""Places in memory, with a supervisor, an edge and instances that become ready in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollout.rotation import Admission
from rollout.supervisors import Process

from environments.replica.images.scaler.scaling.controller import Controller
from environments.replica.images.scaler.scaling.metrics import MetricsError
from environments.replica.images.scaler.scaling.reconcile import Action, Deed, View
from environments.replica.images.scaler.scaling.rule import Metric
from environments.replica.images.scaler.scaling.state import State
from environments.replica.images.scaler.scaling.world import WorldError
from tests.unit.scaler.policies import PLACES, text_with

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from environments.replica.images.scaler.scaling.policy import Policy

TURN_SECONDS = 0.25
READY_SECONDS = 2.0


@dataclass
class Place:
    process: Process = Process.STOPPED
    admission: Admission = Admission.IN
    started_at: float = 0.0
    never_ready: bool = False
    lost_requests: int = 0


@dataclass
class FakeWorld:
    """Time passes by ``pass_time`` alone. ``steps`` is what was done."""

    now: float = 0.0
    has_requests: bool = False
    request_seconds: float = 1.0  # for which one is in flight where there are any
    answers: bool = True
    steps: list[tuple[float, Action]] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    drained_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in range(1, PLACES + 1):
            process = Process.RUNNING if number <= 3 else Process.STOPPED
            self.places[f"app-{number}"] = Place(process, started_at=-60.0)

    def look(self) -> list[View]:
        if not self.answers:
            raise WorldError("the edge does not answer")
        return [self._view(name, place) for name, place in self.places.items()]

    def _view(self, name: str, place: Place) -> View:
        is_ready = self.is_ready(name)
        return View(
            name,
            place.process,
            place.admission,
            is_up=place.admission is Admission.IN and is_ready,
            sessions=self._sessions(name),
            is_ready=is_ready and place.admission is not Admission.IN,
        )

    def is_ready(self, name: str) -> bool:
        place = self.places[name]
        runs = place.process is Process.RUNNING and not place.never_ready
        return runs and self.now >= place.started_at + READY_SECONDS

    def _sessions(self, name: str) -> int:
        if not self.has_requests:
            return 0
        if self.places[name].admission is Admission.IN:
            return 1
        return int(self.now < self.drained_at.get(name, -60.0) + self.request_seconds)

    def take(self, action: Action) -> None:
        self.steps.append((self.now, action))
        place = self.places[action.place]
        match action.deed:
            case Deed.START:
                place.process, place.started_at = Process.RUNNING, self.now
            case Deed.ADMIT:
                place.admission = Admission.IN
            case Deed.DRAIN:
                place.admission = Admission.DRAINING
                self.drained_at[action.place] = self.now
            case Deed.EXCLUDE:
                place.admission = Admission.OUT
            case Deed.STOP | Deed.KILL | Deed.GIVE_UP:
                place.lost_requests += self._sessions(action.place)
                place.process = Process.STOPPED

    def names(self) -> dict[str, str]:
        return {name: name for name in self.places}

    def serving(self) -> list[str]:
        return [view.place for view in self.look() if view.phase == "serving"]


@dataclass
class FakeMetrics:
    """``load`` is spread evenly over who serves; None: Prometheus does not say."""

    world: FakeWorld
    load: float | None = 1.2  # of instances' quotas, in all
    new_use: float | None = None  # what is said of an instance that just started

    def read(self, policy: Policy, names: Mapping[str, str]) -> list[Metric]:
        if self.load is None:
            raise MetricsError("Prometheus does not answer")
        serving = self.world.serving()
        used = {name: self._use(name, self.load / len(serving)) for name in serving}
        return [Metric("cpu", policy.cpu, {name: used[name] for name in names if name in used})]

    def _use(self, name: str, share: float) -> float:
        is_new = self.world.now < self.world.places[name].started_at + READY_SECONDS + 5
        return self.new_use if is_new and self.new_use is not None else share

    def unknown(self, policy: Policy) -> list[Metric]:
        return [Metric("cpu", policy.cpu, {})]


@dataclass
class Scene:
    """A scaler on a fake world."""

    folder: Path
    policy: str = text_with(cool_down_seconds="5")
    checks_new_instances: bool = True
    world: FakeWorld = field(default_factory=FakeWorld)

    def __post_init__(self) -> None:
        (self.folder / "state").mkdir(exist_ok=True)
        (self.folder / "drill.toml").write_text(self.policy)
        self.state = State(self.folder / "state", self.folder, "drill", PLACES)
        self.metrics = FakeMetrics(self.world)
        self.restart()

    def restart(self) -> None:
        """Begin anew with nothing but what is in the world and in files."""
        self.controller = Controller(
            self.state,
            self.world,
            self.metrics,
            lambda: self.world.now,
            checks_new_instances=self.checks_new_instances,
        )

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / TURN_SECONDS)):
            self.controller.turn()
            self.world.now += TURN_SECONDS

    def whys(self) -> list[str]:
        return [decision.why for decision in self.controller.history.decisions(0)]

    def stages(self, place: str) -> list[str]:
        reached = self.controller.history.stages(0)
        return [stage.stage for stage in reached if stage.instance == place]
