"""What ought to be, by where the deployment is: who runs, and which share each gets. Pure.

Nothing is said of how it came to be as it is (level-triggered): whatever the edge forgot when
it was started again, it is told in the next turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.rotation import Admission, Order
from rollout.supervisors import Process

from .state import Colour, Phase, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollout.rotation import Server

    from .policy import Policy, Stage
    from .settings import Settings

HEAVIEST = 250  # HAProxy's weights are from 0 to 256


@dataclass(frozen=True, slots=True)
class View:
    """One place as it was seen just now; ``server`` is None where the edge knows it not."""

    place: str
    server: Server | None
    process: Process = Process.RUNNING  # of a place that is not ours to start: as ever
    is_ready: bool = False  # by its own word

    @property
    def serves(self) -> bool:
        """Whether new customers are led to it."""
        server = self.server
        return (
            server is not None
            and server.is_up
            and server.admission is Admission.IN
            and server.weight > 0
        )


def weights(share: float, blue: int, green: int) -> tuple[int, int]:
    """Give each blue and each green instance's weight, so that green gets that share.

    ``share`` is above 0 and below 1, and there is at least one of each.
    """
    ratio = share * blue / ((1 - share) * green)
    if ratio > 1:
        return max(1, round(HEAVIEST / ratio)), HEAVIEST
    return HEAVIEST, max(1, round(HEAVIEST * ratio))


@dataclass(frozen=True, slots=True)
class Plan:
    settings: Settings
    policy: Policy
    state: State

    @property
    def stages(self) -> Sequence[Stage]:
        """Those before all customers come; none where they come at once."""
        return () if self.state.at_once else self.policy.stages

    @property
    def is_last(self) -> bool:
        """Whether all customers come after this stage."""
        return self.state.stage >= len(self.stages)

    @property
    def share(self) -> float:
        """Green's share of customers, from 0 to 1."""
        state = self.state
        if state.phase is Phase.PREPARING:
            return self.stages[state.stage - 1].share if state.stage else 0.0
        if state.phase is Phase.SERVING:
            return self.stages[state.stage].share
        if state.phase is Phase.WATCHED:
            return 1.0
        return float(state.phase is Phase.IDLE and state.live is Colour.GREEN)

    @property
    def needed(self) -> Sequence[str]:
        """Green places that the stage needs, whether or not customers meet them yet."""
        return self._first(self.state.stage)

    @property
    def serving(self) -> Sequence[str]:
        """Green places that customers ought to meet."""
        state = self.state
        if state.phase is Phase.PREPARING:
            return self._first(state.stage - 1) if state.stage else ()
        if state.phase is Phase.SERVING:
            return self._first(state.stage)
        return self.settings.green if self.share else ()

    def _first(self, stage: int) -> Sequence[str]:
        green = self.settings.green
        return green[: self.stages[stage].instances] if stage < len(self.stages) else green

    def runs(self, place: str) -> bool:
        """Whether a green place ought to run; one that is left is stopped once it is empty."""
        state = self.state
        if state.phase is Phase.PREPARING:
            return place in self.needed
        return place in self.serving or state.keeps_warm

    def orders(self, views: Sequence[View]) -> Sequence[Order]:
        """Give what the edge is to do otherwise than it does."""
        return [
            Order(view.server, admission, weight)
            for view, admission, weight in self._wanted(views)
            if view.server is not None
            and (view.server.admission, view.server.weight) != (admission, weight)
        ]

    def _wanted(self, views: Sequence[View]) -> Iterator[tuple[View, Admission, int]]:
        blue_weight, green_weight = self._weights(views)
        for view in views:
            if view.place in self.settings.blue:
                yield view, Admission.IN if self.share < 1 else Admission.DRAINING, blue_weight
            elif view.place in self.serving:
                yield view, Admission.IN, green_weight
            elif view.place in self.settings.taken_back or self.state.phase is Phase.PREPARING:
                yield view, _left(view), green_weight

    def _weights(self, views: Sequence[View]) -> tuple[int, int]:
        if not 0 < self.share < 1:
            return HEAVIEST, HEAVIEST
        blue = [
            view
            for view in views
            if view.place in self.settings.blue and view.server and view.server.is_up
        ]
        return weights(self.share, max(1, len(blue)), max(1, len(self.serving)))

    def is_taken_back(self, views: Sequence[View]) -> bool:
        """Whether customers are seen to be led to blue alone, as far as a rollback looks."""
        blue = [view for view in views if view.place in self.settings.blue]
        left = [view for view in views if view.place in self.settings.taken_back]
        return any(view.serves for view in blue) and not any(view.serves for view in left)

    def to_stop(self, views: Sequence[View], for_seconds: float) -> Sequence[str]:
        """Name green places that ought not to run and work on nothing, or had time enough."""
        return [
            view.place
            for view in views
            if view.place in self.settings.taken_back
            and view.process is Process.RUNNING
            and not self.runs(view.place)
            and not view.serves
            and (_is_empty(view) or for_seconds > self.policy.drain_seconds)
        ]


def _left(view: View) -> Admission:
    """Let it end what it works on; who works on nothing is out."""
    return Admission.OUT if _is_empty(view) else Admission.DRAINING


def _is_empty(view: View) -> bool:
    server = view.server
    if server is None or view.process is not Process.RUNNING:
        return True
    is_left = server.admission is not Admission.IN
    return is_left and server.sessions == 0


def named(places: Mapping[str, object] | Sequence[str]) -> str:
    return ", ".join(places) or "nobody"
