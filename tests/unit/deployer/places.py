"""Places in memory, with an edge that spreads requests, and releases that behave as told."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollout.counts import Counts
from rollout.history import History
from rollout.ordering import BrokenError, WrongError
from rollout.reading import Reading, SilentError
from rollout.rotation import Admission, Order, Server
from rollout.supervisors import Process
from rollout.watching import Watcher

from environments.replica.images.deployer.deploying.controller import TURN_SECONDS, Controller
from environments.replica.images.deployer.deploying.plan import View
from environments.replica.images.deployer.deploying.policy import read_policy
from environments.replica.images.deployer.deploying.settings import POLICIES, Settings
from environments.replica.images.deployer.deploying.state import StateFile
from environments.replica.images.deployer.deploying.trials import Trials
from environments.replica.images.deployer.deploying.world import WorldError
from environments.replica.release_nodes import POLICIES as POLICY_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rollout.ordering import Trial

BLUE = ("app-1", "app-2", "app-3")
GREEN = ("green-1", "green-2", "green-3")
READY_SECONDS = 2.0
REQUESTS_A_TURN = 16  # of all customers
MEGABYTE = 1e6


class AtOnce(Executor):
    """Does what it is given before it returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - whatever fn takes
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is the caller's
            done.set_exception(error)
        return done


@dataclass
class Release:
    """How instances of a release behave."""

    version: str
    fails_one_in: int = 0
    slow_one_in: int = 0
    megabytes_a_request: float = 0.0
    starts: bool = True
    refuses_trials: bool = False
    corrupts: bool = False


@dataclass
class Place:
    release: Release
    server: Server
    process: Process = Process.STOPPED
    started_at: float = 0.0
    counts: Counts = field(default_factory=Counts)
    met: int = 0  # requests, of all its processes
    dropped: int = 0  # requests that were in flight as it was stopped


@dataclass
class FakeWorld:
    """Time passes by ``pass_time`` of the scene alone."""

    green: Release
    now: float = 100.0
    answers: bool = True
    steps: list[str] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (*BLUE, *GREEN):
            is_blue = name in BLUE
            self.places[name] = Place(
                Release("1.0.0") if is_blue else self.green,
                Server(name, name, Admission.IN, is_up=is_blue, sessions=0),
                Process.RUNNING if is_blue else Process.STOPPED,
                started_at=-60.0,
            )

    def look(self) -> list[View]:
        if not self.answers:
            raise WorldError("the edge does not answer")
        return [self._view(name, place) for name, place in self.places.items()]

    def _view(self, name: str, place: Place) -> View:
        is_up = self.is_ready(name) and place.server.admission is not Admission.OUT
        sessions = int(self.serves(name))
        server = place.server
        place.server = Server(
            name, name, server.admission, is_up=is_up, sessions=sessions, weight=server.weight
        )
        return View(name, place.server, place.process, is_ready=self.is_ready(name))

    def is_ready(self, name: str) -> bool:
        place = self.places[name]
        return place.process is Process.RUNNING and self.now >= place.started_at + READY_SECONDS

    def serves(self, name: str) -> bool:
        server = self.places[name].server
        return server.admission is Admission.IN and server.weight > 0 and self.is_ready(name)

    def tell(self, orders: Sequence[Order]) -> None:
        for order in orders:
            server = self.places[order.server.slot].server
            weight = server.weight if order.weight is None else order.weight
            self.steps.append(f"{server.slot} {order.admission}")
            self.places[server.slot].server = Server(
                server.slot,
                server.slot,
                order.admission,
                is_up=server.is_up,
                sessions=server.sessions,
                weight=weight,
            )

    def forget(self) -> None:
        """Be an edge that was started again."""
        for name, place in self.places.items():
            place.server = Server(name, name, Admission.IN, is_up=False, sessions=0)

    def start(self, place: str) -> None:
        self.steps.append(f"start {place}")
        here = self.places[place]
        here.process = Process.RUNNING if here.release.starts else Process.DIED
        here.started_at, here.counts = self.now, Counts()

    def stop(self, place: str) -> None:
        self.steps.append(f"stop {place}")
        self.places[place].dropped += int(self.serves(place))
        self.places[place].process = Process.STOPPED

    def serve(self) -> None:
        """Spread the requests of one turn by the weights, and let instances answer."""
        serving = {
            name: self.places[name].server.weight for name in self.places if self.serves(name)
        }
        whole = sum(serving.values())
        for name, weight in serving.items():
            place, release = self.places[name], self.places[name].release
            before, place.met = place.met, place.met + REQUESTS_A_TURN * weight * 100 // whole
            for number in range(before // 100, place.met // 100):
                place.counts += Counts(
                    requests=1,
                    errors=_is_one_in(release.fails_one_in, number),
                    slow=_is_one_in(release.slow_one_in, number),
                )

    def read(self, name: str) -> Reading:
        if not self.is_ready(name):
            raise SilentError(f"{name} does not answer")
        place = self.places[name]
        leaked = place.release.megabytes_a_request * place.counts.requests
        return Reading(
            place.started_at, (60 + leaked) * MEGABYTE, place.release.version, place.counts
        )

    def order(self, trial: Trial, instance: str, reader: str) -> None:
        release = self.places[instance].release
        if release.refuses_trials or not self.is_ready(instance):
            raise BrokenError(f"{instance} answers POST /orders with 500")
        if release.corrupts and trial.amount_cents % 100:
            raise WrongError(f"{reader} says that {instance} wrote another amount")


def _is_one_in(one_in: int, number: int) -> int:
    return int(bool(one_in) and number % one_in == one_in - 1)


@dataclass
class Scene:
    """A deployer on a fake world."""

    folder: Path
    green: Release
    policy: str = "drill"
    taken_back: tuple[str, ...] = GREEN
    world: FakeWorld = field(init=False)

    def __post_init__(self) -> None:
        self.world = FakeWorld(self.green)
        self.restart()

    def restart(self) -> None:
        """Begin anew with nothing but what is in the world and in files."""
        world, clock = self.world, lambda: self.world.now
        file = POLICY_FILES / f"{self.policy}.toml"
        self.controller = Controller(
            Settings(
                blue=BLUE,
                green=GREEN,
                taken_back=self.taken_back,
                edge="edge",
                policy=POLICIES,
            ),
            read_policy(file.read_bytes(), file=file.name, places=len(GREEN)),
            StateFile(self.folder / "state.json"),
            History(self.folder / "changes.jsonl", clock),
            world,
            Watcher(AtOnce(), clock, world.read),
            Trials(AtOnce(), world.order),
            clock,
        )

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / TURN_SECONDS)):
            self.world.serve()
            self.controller.turn()
            self.world.now += TURN_SECONDS

    def events(self) -> list[str]:
        return [str(entry.event) for entry in self.controller.history.after(0)]

    def last_why(self) -> str:
        return self.controller.history.after(0)[-1].why

    def why(self, event: str) -> str:
        return next(one.why for one in self.controller.history.after(0) if one.event == event)

    def serving(self) -> list[str]:
        return [name for name in self.world.places if self.world.serves(name)]

    def running(self) -> list[str]:
        places = self.world.places
        return [name for name in GREEN if places[name].process is Process.RUNNING]

    def share(self) -> float:
        """Green's share of customers now, by the weights at the edge."""
        weights = {name: self.world.places[name].server.weight for name in self.serving()}
        green = sum(weight for name, weight in weights.items() if name in GREEN)
        return green / sum(weights.values())
