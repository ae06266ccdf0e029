"""The loop: look at the world, decide how many, take the next steps, tell how it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from rollout import telemetry

from .history import History
from .metrics import MetricsError
from .policy import Policy, PolicyError
from .reconcile import ACTIVE, Action, Deed, Phase, Precautions, Turn, View
from .rule import Bound, Memory, Metric, Outcome, Situation, decide
from .world import WorldError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .state import State

TURN_SECONDS = 0.25
_STAGES = {
    Phase.STARTING: "started",
    Phase.READY: "ready",
    Phase.SERVING: "serving",
    Phase.DRAINING: "draining",
    Phase.IDLE: "stopped",
    Phase.FAILED: "failed",
}


class World(Protocol):
    def look(self) -> Sequence[View]: ...
    def take(self, action: Action) -> None: ...
    def names(self) -> Mapping[str, str]: ...


class Metrics(Protocol):
    def read(self, policy: Policy, names: Mapping[str, str]) -> Sequence[Metric]: ...
    def unknown(self, policy: Policy) -> Sequence[Metric]: ...


@dataclass(frozen=True, slots=True)
class Status:
    """How things were at the end of a turn."""

    turned_at: float
    policy: Policy
    wanted: int
    minimum: int
    held: int | None
    ratio: float | None
    means: Mapping[str, float | None]
    phases: Mapping[str, Phase]

    @property
    def serving(self) -> int:
        return sum(phase is Phase.SERVING for phase in self.phases.values())


@dataclass(slots=True)
class Controller:
    """One turn after the other; nothing here waits for longer than a question may take."""

    state: State
    world: World
    metrics: Metrics
    clock: Callable[[], float]
    checks_new_instances: bool = True
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    history: History = field(init=False)
    status: Status | None = None
    _policy: Policy | None = None
    _read_from: object = None
    _wanted: int | None = None  # None: nothing was seen yet
    _held: int | None = None
    _bound: Bound = Bound.NONE
    _memory: Memory = field(default_factory=Memory)
    _metrics: Sequence[Metric] = ()
    _settled: frozenset[str] = frozenset()
    _ratio: float | None = None
    _decide_at: float = float("-inf")
    _phases: dict[str, tuple[Phase, float]] = field(default_factory=dict)  # since when
    _serving_since: dict[str, float] = field(default_factory=dict)
    _stages: dict[str, str] = field(default_factory=dict)  # place -> the last one
    _because: dict[str, int] = field(default_factory=dict)  # place -> the decision
    _avoided: dict[str, float] = field(default_factory=dict)  # place -> until when
    _troubles: telemetry.Troubles = field(default_factory=telemetry.Troubles)

    def __post_init__(self) -> None:
        self.history = History(self.state.numbers(), self.state.keep_numbers)

    def turn(self) -> None:
        """Do all that is to be done now.

        Raises:
            PolicyError: there is no policy at all.
        """
        policy = self._policy_in_force()
        try:
            views = self.world.look()
        except WorldError as error:
            self._troubles.note("the world", str(error))
            return
        self._troubles.note("the world", "")
        self._notice(views)
        wanted = self._decided(policy, views)
        self._step(policy, views, wanted)
        self.status = Status(
            turned_at=self.clock(),
            policy=policy,
            wanted=wanted,
            minimum=policy.floor(self.today()),
            held=self._held,
            ratio=self._ratio,
            means={metric.name: metric.mean(self._settled) for metric in self._metrics},
            phases={view.place: view.phase for view in views},
        )

    def _policy_in_force(self) -> Policy:
        """Read the policy again where its file changed; one that is no good changes nothing."""
        seen = self.state.seen()
        if self._policy is not None and seen == self._read_from:
            return self._policy
        try:
            policy = self.state.read_policy()
        except PolicyError as error:
            if self._policy is None:
                raise
            self._troubles.note("the policy", str(error))
            return self._policy
        self._read_from = seen
        self._troubles.note("the policy", "")
        self._put_in_force(policy)
        return policy

    def _put_in_force(self, policy: Policy) -> None:
        telemetry.say("policy", name=policy.name, version=policy.version)
        if self._policy is not None and self._wanted is not None:
            why = f"the policy {policy.name} ({policy.version}) is in force"
            self._record(self._wanted, self._wanted, why)
        self._policy = policy
        self._decide_at = float("-inf")

    def _notice(self, views: Sequence[View]) -> None:
        """Write down what became of each place since the last turn."""
        now = self.clock()
        for view in views:
            known = self._phases.get(view.place)
            if known is not None and known[0] is view.phase:
                continue
            self._phases[view.place] = (view.phase, now)
            stage = _STAGES[view.phase]
            self._serving_since[view.place] = now if known else float("-inf")
            if known is None:
                self._stages[view.place] = stage  # it was so before we looked
            elif known[0] is not Phase.SERVING or view.phase not in {
                Phase.STARTING,
                Phase.READY,
            }:
                self._reached(view.place, stage)

    def _reached(self, place: str, stage: str) -> None:
        """Write down a stage; who is out of rotation for a moment has been there before."""
        if self._stages.get(place) == stage:
            return
        self._stages[place] = stage
        decision = self._because.get(place, self.history.last_decision)
        reached = self.history.reached(self.clock(), place, stage, decision)
        telemetry.say("stage", instance=place, stage=stage, decision=reached.decision)

    def _decided(self, policy: Policy, views: Sequence[View]) -> int:
        """Give how many instances are wanted, decided anew where it is time."""
        now, held = self.clock(), self.state.held()
        if self._wanted is None:
            running = sum(view.phase in ACTIVE for view in views)
            self._wanted = min(max(1, running), policy.maximum)
        if now < self._decide_at and held == self._held:
            return self._wanted
        self._decide_at, self._held = now + policy.sync_seconds, held
        self._metrics = self._read_metrics(policy)
        self._settled = self._settled_among(views, policy)
        situation = Situation(
            now=now,
            current=self._wanted,
            minimum=policy.floor(self.today()),
            ready=self._settled,
            unready=_names(views, *ACTIVE) - self._settled,
            metrics=self._metrics,
            held=held,
            memory=self._memory,
        )
        self._follow(decide(policy, situation), self._wanted)
        return self._wanted

    def _settled_among(self, views: Sequence[View], policy: Policy) -> frozenset[str]:
        """Name those that have served for a whole window: what they used before is no measure.

        An instance that starts takes all of its quota for that.
        """
        before = self.clock() - policy.window_seconds
        serving = _names(views, Phase.SERVING)
        return frozenset(name for name in serving if self._serving_since[name] <= before)

    def _follow(self, outcome: Outcome, before: int) -> None:
        """Make the outcome what is wanted; what is new about it is a decision."""
        if outcome.wanted != before or outcome.bound not in {Bound.NONE, self._bound}:
            self._record(before, outcome.wanted, outcome.why)
        elif self._bound is Bound.HELD and outcome.bound is not Bound.HELD:
            self._record(before, before, f"released by people: {outcome.why}")
        self._wanted, self._ratio = outcome.wanted, outcome.ratio
        self._bound, self._memory = outcome.bound, outcome.memory

    def _record(self, before: int, after: int, why: str) -> None:
        made = self.history.decided(self.clock(), before, after, why)
        telemetry.say("decision", number=made.number, before=before, after=after, why=why)

    def _read_metrics(self, policy: Policy) -> Sequence[Metric]:
        try:
            metrics = self.metrics.read(policy, self.world.names())
        except MetricsError as error:
            self._troubles.note("Prometheus", str(error))
            return self.metrics.unknown(policy)
        self._troubles.note("Prometheus", "")
        return metrics

    def _step(self, policy: Policy, views: Sequence[View], wanted: int) -> None:
        now = self.clock()
        turn = Turn(
            views,
            wanted,
            Precautions(
                drains=policy.drains,
                checks_new_instances=self.checks_new_instances,
                drain_seconds=policy.drain_seconds,
                ready_seconds=policy.ready_seconds,
            ),
            ages={place: now - since for place, (_, since) in self._phases.items()},
            avoided={place for place, until in self._avoided.items() if now < until},
        )
        for action in turn.actions():
            self._take(action, policy)

    def _take(self, action: Action, policy: Policy) -> None:
        """Take a step; whether it was taken is seen in the next turn."""
        if action.deed in {Deed.START, Deed.DRAIN, Deed.KILL}:
            self._because[action.place] = self.history.last_decision
        if action.deed is Deed.GIVE_UP:
            self._avoided[action.place] = self.clock() + policy.cool_down_seconds
            self._reached(action.place, "failed")
        try:
            self.world.take(action)
        except WorldError as error:
            self._troubles.note(action.place, str(error))
        else:
            self._troubles.note(action.place, "")


def _names(views: Sequence[View], *phases: Phase) -> frozenset[str]:
    return frozenset(view.place for view in views if view.phase in phases)
