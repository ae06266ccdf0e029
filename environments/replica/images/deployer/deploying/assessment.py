"""Whether the release on its way is good, bad, or not known yet, by all that was seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.judging import findings
from rollout.supervisors import Process

from .plan import Plan, View, named
from .state import Phase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rollout.watching import Watcher

    from .trials import Trials

TOO_FEW_AFTER = 3.0  # times a stage's seconds, with too few requests to say anything


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is to be said now; ``started`` are the places that were started for the release."""

    plan: Plan
    views: Sequence[View]
    started: Collection[str]
    watcher: Watcher
    trials: Trials
    now: float

    def found(self) -> Iterator[str]:
        """Say what is wrong with the release, a sentence each."""
        limits, serving = self.plan.policy.limits, self.plan.serving
        if self.trials.trouble:
            yield self.trials.trouble
        for view in self.views:
            if view.place in self.started and view.process is Process.DIED:
                yield f"{view.place} died"
        yield from self._too_late()
        yield from self.watcher.unwell(serving, limits.silent_seconds)
        blue = self.plan.settings.blue
        yield from self.watcher.heavier(serving, blue, limits.memory_times)
        yield from self._found_in_requests()

    def _too_late(self) -> Iterator[str]:
        """Say what ought to have happened by now."""
        plan, state = self.plan, self.plan.state
        if state.phase is Phase.PREPARING:
            waits = [place for place in plan.needed if not self.trials.is_made(place)]
            if self.has_been_for(plan.policy.ready_seconds * len(plan.needed)):
                yield f"{named(waits)} did not take an order in time"
        elif state.phase is Phase.SERVING and not self.is_good():
            at_most = TOO_FEW_AFTER * plan.stages[state.stage].seconds
            if self.has_been_for(at_most):
                yield f"too few customers met it to say anything: {self.counted(state.since)}"

    def _found_in_requests(self) -> Iterator[str]:
        """Compare all requests since customers met it, and then those of late."""
        serving, blue, met_at = (
            self.plan.serving,
            self.plan.settings.blue,
            self.plan.state.met_at,
        )
        recently = max(met_at, self.now - self.plan.policy.window_seconds)
        for since in (met_at, recently):
            met, others = (self.watcher.since(since, these) for these in (serving, blue))
            found = list(findings(met, others, self.plan.policy.limits))
            yield from found
            if found:
                return

    def is_good(self) -> bool:
        """Whether the stage has lasted, and enough customers met it."""
        state = self.plan.state
        met = self.watcher.since(state.since, self.plan.serving)
        lasted = self.has_been_for(self.plan.stages[state.stage].seconds)
        return lasted and met.requests >= self.plan.policy.requests

    def has_been_for(self, seconds: float) -> bool:
        return self.now - self.plan.state.since >= seconds

    def counted(self, since: float) -> str:
        met = self.watcher.since(since, self.plan.serving)
        return f"{met.errors} of {met.requests} requests failed, {met.slow} took over 500 ms"
