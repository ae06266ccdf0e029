"""The loop: look at the places, see whether customers are harmed, take the next steps."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from rollout.history import By, Happened, History, Kind
from rollout.supervisors import Process
from rollout.telemetry import Troubles

from .assessment import Assessment
from .plan import Plan, View, named
from .state import Colour, Phase, State, StateFile
from .world import WorldError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rollout.rotation import Order
    from rollout.watching import Watcher

    from .policy import Policy
    from .settings import Settings
    from .trials import Trials

TURN_SECONDS, IDLE_TURN_SECONDS = 0.25, 1.0
LOOK_SECONDS = 0.5  # at instances' metrics, while a release is on its way
IDLE_LOOK_SECONDS = 2.0
TRIAL_SECONDS = 1.0
_ON_ITS_WAY = {Phase.PREPARING, Phase.SERVING, Phase.WATCHED}


class World(Protocol):
    def look(self) -> Sequence[View]: ...
    def tell(self, orders: Sequence[Order]) -> None: ...
    def start(self, place: str) -> None: ...
    def stop(self, place: str) -> None: ...


class RefusedError(Exception):
    """What people asked for was not done; the message says why, with a remedy."""


@dataclass(frozen=True, slots=True)
class Status:
    """How things were at the end of a turn."""

    turned_at: float
    state: State
    share: float
    trouble: str
    views: Sequence[View]


@dataclass(slots=True)
class Controller:
    """One turn after the other; ``ask`` is what people want, between two turns."""

    settings: Settings
    policy: Policy
    file: StateFile
    history: History
    world: World
    watcher: Watcher
    trials: Trials
    clock: Callable[[], float]
    status: Status | None = None
    state: State = field(init=False)
    trouble: str = ""  # why a stage is held; "": it is not
    asked: threading.Event = field(default_factory=threading.Event)  # people wait for a turn
    _looked_at: float = float("-inf")
    _tried_at: float = float("-inf")
    _tried: int = 0
    _started: set[str] = field(default_factory=set)  # places, for the release on its way
    _troubles: Troubles = field(default_factory=Troubles)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.state = self.file.read()

    @property
    def pause_seconds(self) -> float:
        """How long nothing is looked at, unless people ask: it takes processors."""
        return IDLE_TURN_SECONDS if self.state.phase is Phase.IDLE else TURN_SECONDS

    @property
    def _plan(self) -> Plan:
        return Plan(self.settings, self.policy, self.state)

    def turn(self) -> None:
        """Do all that is to be done now."""
        with self._lock:
            try:
                views = self.world.look()
            except WorldError as error:
                self._troubles.note("the world", str(error))
                return
            self._troubles.note("the world", "")
            self._read(views)
            self._advance(views)
            self._enforce(views)
            self.status = Status(
                self.clock(), self.state, self._plan.share, self.trouble, views
            )

    def ask(self, what: str) -> str:
        """Do what people want, and say what that means.

        Raises:
            RefusedError: it cannot be done now.
        """
        with self._lock:
            done = self._do(what)
            self.asked.set()
            if self.status is not None:
                self.status = replace(self.status, state=self.state, share=self._plan.share)
            return done

    def _do(self, what: str) -> str:
        match what:
            case "start":
                return self._start(at_once=False)
            case "switch":
                return self._switch()
            case "promote":
                return self._promote_by_people()
            case "rollback":
                return self._roll_back_by_people()
        raise RefusedError(f"{what!r} is nothing to ask for: deploy status says how things are")

    # What people ask for.

    def _start(self, *, at_once: bool) -> str:
        state = self.state
        if state.phase in _ON_ITS_WAY:
            return f"{state.change} is on its way already: `deploy status` says how it goes"
        if state.phase is Phase.ROLLING_BACK:
            raise RefusedError(f"{state.change} is being rolled back: wait until that is done")
        if state.live is Colour.GREEN:
            return f"{state.versions.get(Colour.GREEN, 'it')} is live already"
        self._started.clear()
        self.trials.forget()
        self.watcher.forget(self.settings.green)
        self._become(
            number=state.number + 1,
            phase=Phase.PREPARING,
            at_once=at_once,
            stage=0,
            keeps_warm=False,
        )
        how = "to all customers at once" if at_once else "stage by stage"
        self._tell(Happened.STARTED, by=By.PEOPLE, share=0.0, why=f"it is to get {how}")
        return f"{self.state.change} is started: {how}; `deploy status` says how it goes"

    def _switch(self) -> str:
        state = self.state
        if state.phase is Phase.IDLE and state.live is Colour.BLUE:
            return self._start(at_once=True)
        if state.phase not in {Phase.WATCHED, Phase.IDLE}:
            raise RefusedError(
                f"{state.change} is {state.phase}: promote it, or roll it back, and then switch"
            )
        self._roll_back(By.PEOPLE, "people switched back", keeps_warm=True)
        return f"all customers are led back to {named(self.settings.blue)}"

    def _promote_by_people(self) -> str:
        if self.state.phase is not Phase.SERVING:
            raise RefusedError(
                f"nothing serves a share of customers ({self.state.phase}): there is nothing to"
                " promote"
            )
        self._next_stage(By.PEOPLE, "people promoted it")
        return f"{self.state.change} goes on: {self.state.phase}"

    def _roll_back_by_people(self) -> str:
        state = self.state
        is_back = state.phase is Phase.IDLE and state.live is Colour.BLUE
        if is_back and not state.keeps_warm:
            return f"nothing to roll back: {named(self.settings.blue)} serve all customers"
        if is_back:
            self._become(keeps_warm=False)
            return f"{named(self.settings.green)} are stopped"
        if state.phase is not Phase.ROLLING_BACK:
            self._roll_back(By.PEOPLE, "people rolled it back")
        return f"{state.change} is rolled back"

    # What happens by itself.

    def _read(self, views: Sequence[View]) -> None:
        """Read instances' metrics, where it is time."""
        is_on_its_way = self.state.phase in _ON_ITS_WAY
        every = LOOK_SECONDS if is_on_its_way else IDLE_LOOK_SECONDS
        if self.clock() < self._looked_at + every:
            return
        self._looked_at = self.clock()
        running = [
            view.place
            for view in views
            if view.place in self.settings.blue or view.serves or view.is_ready
        ]
        self.watcher.look(running)
        self._learn_versions()

    def _learn_versions(self) -> None:
        versions = dict(self.state.versions)
        for colour, places in (
            (Colour.BLUE, self.settings.blue),
            (Colour.GREEN, self._plan.needed),
        ):
            said = [last.version for place in places if (last := self.watcher.last(place))]
            if said:
                versions[colour] = said[0]
        if versions != self.state.versions:
            self._become(versions=versions, since=self.state.since)

    def _advance(self, views: Sequence[View]) -> None:
        self.trials.collect()
        phase = self.state.phase
        if phase is Phase.PREPARING:
            self._prepare(views)
        if phase in _ON_ITS_WAY and self.state.phase is phase:
            self._judge(views)
        if phase is Phase.ROLLING_BACK:
            self._see_whether_it_is_back(views)

    def _prepare(self, views: Sequence[View]) -> None:
        """Start what the stage needs, one after the other, and try each without customers."""
        by_place = {view.place: view for view in views}
        for place in self._plan.needed:
            view = by_place[place]
            if self.trials.is_made(place):
                continue
            if view.process is Process.RUNNING and view.is_ready:
                self.trials.begin(place, self._reader(views), smoke=True)
            return
        self._enter_stage()

    def _enter_stage(self) -> None:
        self._tried_at = self.clock()
        if self._plan.is_last:
            self._become(phase=Phase.WATCHED, met_at=self._first_met())
            self._tell(Happened.PROMOTED, share=1.0, why="all customers meet it")
            return
        self._become(phase=Phase.SERVING, met_at=self._first_met())
        share = self._plan.share
        instances = named(self._plan.serving)
        self._tell(
            Happened.STAGE, share=share, why=f"{share:.0%} of customers meet {instances}"
        )

    def _first_met(self) -> float:
        return self.state.met_at if self.state.stage else self.clock()

    def _judge(self, views: Sequence[View]) -> None:
        """Take the release back where it harms customers; otherwise go on when it is time."""
        state, policy = self.state, self.policy
        self._try_it(views)
        seen = self._assessment(views)
        self.trouble = "; ".join(seen.found())
        self._troubles.note(state.change, self.trouble)
        if self.trouble and policy.automatic_rollback:
            self._roll_back(By.ITSELF, self.trouble)
        elif self.trouble or state.phase is Phase.PREPARING:
            return
        elif state.phase is Phase.WATCHED:
            if seen.has_been_for(policy.watch_seconds):
                why = seen.counted(state.met_at)
                self._become(phase=Phase.IDLE, live=Colour.GREEN)
                self._tell(Happened.STABLE, share=1.0, why=why)
        elif seen.is_good():
            why = f"it is good: {seen.counted(state.since)}"
            self._tell(Happened.JUDGED, share=self._plan.share, why=why)
            self._next_stage(By.ITSELF, "")

    def _assessment(self, views: Sequence[View]) -> Assessment:
        return Assessment(
            self._plan, views, self._started, self.watcher, self.trials, self.clock()
        )

    def _try_it(self, views: Sequence[View]) -> None:
        """Make an order at those that customers meet, in turn."""
        serving = self._plan.serving
        is_time = self.clock() >= self._tried_at + TRIAL_SECONDS
        if not (serving and self.policy.trials and is_time):
            return
        self._tried_at = self.clock()
        self._tried += 1
        self.trials.begin(serving[self._tried % len(serving)], self._reader(views))

    def _reader(self, views: Sequence[View]) -> str:
        """Give who reads trials back: one that has not the release, where there is one."""
        blue = [view for view in views if view.place in self.settings.blue]
        up = [view.place for view in blue if view.server and view.server.is_up]
        return (up or self.settings.blue)[0]

    def _next_stage(self, by: By, why: str) -> None:
        if by is By.PEOPLE:
            self._tell(Happened.JUDGED, by=by, share=self._plan.share, why=why)
        self._become(phase=Phase.PREPARING, stage=self.state.stage + 1)

    def _roll_back(self, by: By, why: str, *, keeps_warm: bool = False) -> None:
        share = self._plan.share
        self._become(
            phase=Phase.ROLLING_BACK,
            live=Colour.BLUE,
            taken_back_by=by,
            keeps_warm=keeps_warm,
            is_verified=False,
        )
        self.trouble = ""
        self._tell(Happened.ROLLING_BACK, by=by, share=share, why=why)

    def _see_whether_it_is_back(self, views: Sequence[View]) -> None:
        """Say so once it was read back that nobody meets it; it is over when it has stopped."""
        plan = self._plan
        if not self.state.is_verified:
            if not plan.is_taken_back(views):
                return
            serving = named([view.place for view in views if view.serves])
            self._become(is_verified=True, since=self.state.since)
            self._tell(
                Happened.ROLLED_BACK,
                by=self.state.taken_back_by,
                share=0.0,
                why=f"customers are led to {serving}",
            )
        runs = [
            view.place
            for view in views
            if view.place in self.settings.taken_back and view.process is Process.RUNNING
        ]
        if self.state.keeps_warm or not runs:
            self._become(phase=Phase.IDLE)

    def _enforce(self, views: Sequence[View]) -> None:
        """Make the places be as they ought to; whether they are is seen in the next turn."""
        plan = self._plan
        self._take("the edge", lambda: self._tell_the_edge(plan.orders(views)))
        for place in plan.to_stop(views, self.clock() - self.state.since):
            self._take(place, partial(self.world.stop, place))
        if self.state.phase is Phase.PREPARING:
            self._start_the_next(views)

    def _start_the_next(self, views: Sequence[View]) -> None:
        """Start one place at a time: an instance that starts takes what others need."""
        waiting = [place for place in self._plan.needed if not self.trials.is_made(place)]
        for view in views:
            if view.place not in waiting[:1] or view.place in self._started:
                continue
            self._started.add(view.place)
            if view.process is not Process.RUNNING:
                self._take(view.place, partial(self.world.start, view.place))

    def _tell_the_edge(self, orders: Sequence[Order]) -> None:
        if orders:
            self.world.tell(orders)

    def _take(self, about: str, step: Callable[[], None]) -> None:
        try:
            step()
        except WorldError as error:
            self._troubles.note(about, str(error))
        else:
            self._troubles.note(about, "")

    def _become(self, **changes: object) -> None:
        """Be in another state, on disk before anything is done about it."""
        self.state = replace(self.state, **({"since": self.clock()} | changes))  # type: ignore[arg-type] # its fields
        self.file.write(self.state)

    def _tell(self, event: Happened, *, share: float, why: str, by: By = By.ITSELF) -> None:
        self.history.tell(self.state.change, Kind.RELEASE, event, by=by, share=share, why=why)
