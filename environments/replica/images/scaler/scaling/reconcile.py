"""From how the places are to how they ought to be, one step each: level-triggered. Pure.

Nothing is remembered of what was done before: each turn looks at the world anew, so that it
does not matter how it came to be as it is, or whether the scaler was away for a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rollout.rotation import Admission
from rollout.supervisors import Process

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


class Phase(StrEnum):
    IDLE = "idle"
    STARTING = "starting"  # it runs and is not ready
    READY = "ready"  # and not let in yet
    SERVING = "serving"
    DRAINING = "draining"
    FAILED = "failed"


ACTIVE = {Phase.STARTING, Phase.READY, Phase.SERVING}


@dataclass(frozen=True, slots=True)
class View:
    """One place as it was seen just now; ``admission`` is None where the edge knows it not."""

    place: str
    process: Process
    admission: Admission | None
    is_up: bool = False  # the edge would send it requests, were it let in
    sessions: int = 0
    is_ready: bool = False  # by its own word; asked only of those that run and do not serve

    @property
    def phase(self) -> Phase:
        if self.process is Process.RUNNING:
            return self._phase_of_running()
        if self.process is Process.SILENT:
            serves = self.admission is Admission.IN and self.is_up
            return Phase.SERVING if serves else Phase.FAILED
        if self.process is Process.DIED:
            return Phase.FAILED
        is_leaving = self.process is Process.STOPPING and self.admission is Admission.DRAINING
        return Phase.DRAINING if is_leaving else Phase.IDLE

    def _phase_of_running(self) -> Phase:
        if self.admission is Admission.DRAINING:
            return Phase.DRAINING
        if self.admission is Admission.IN:
            return Phase.SERVING if self.is_up else Phase.STARTING
        return Phase.READY if self.is_ready else Phase.STARTING


class Deed(StrEnum):
    START = "start"
    ADMIT = "admit"
    DRAIN = "drain"
    STOP = "stop"
    KILL = "kill"
    EXCLUDE = "exclude"
    GIVE_UP = "give up"  # it did not become ready: stop it, and try another place


@dataclass(frozen=True, slots=True)
class Action:
    deed: Deed
    place: str


@dataclass(frozen=True, slots=True)
class Precautions:
    """The first two can be taken away, to see that they are needed."""

    drains: bool
    checks_new_instances: bool
    drain_seconds: float
    ready_seconds: float


@dataclass(frozen=True, slots=True)
class Turn:
    """``views`` are in the places' order; the first ones are kept longest.

    ``ages`` is for how many seconds each has been in its phase. Those in ``avoided`` were
    tried of late in vain, and are tried last.
    """

    views: Sequence[View]
    wanted: int
    precautions: Precautions
    ages: Mapping[str, float]
    avoided: Collection[str] = ()

    def actions(self) -> Sequence[Action]:
        """Give the next step of each place that ought to be otherwise."""
        active = [view for view in self.views if view.phase in ACTIVE]
        kept, surplus = active[: self.wanted], active[self.wanted :]
        return [
            *self._keep_out(),
            *(action for view in kept for action in self._towards_serving(view)),
            *self._grow(self.wanted - len(active)),
            *self._shrink(surplus),
            *self._end_leaving(),
        ]

    def _keep_out(self) -> Sequence[Action]:
        """Take out of rotation where nothing runs."""
        return [
            Action(Deed.EXCLUDE, view.place)
            for view in self.views
            if view.process in {Process.STOPPED, Process.DIED}
            and view.admission in {Admission.IN, Admission.DRAINING}
        ]

    def _towards_serving(self, view: View) -> Sequence[Action]:
        """Let in who is ready. One that was let in before is the edge's to judge."""
        if view.admission is not Admission.OUT:
            return []
        if view.phase is Phase.READY or not self.precautions.checks_new_instances:
            return [Action(Deed.ADMIT, view.place)]
        if self._age(view) > self.precautions.ready_seconds:
            return [Action(Deed.GIVE_UP, view.place)]
        return []

    def _grow(self, missing: int) -> Sequence[Action]:
        """Bring back who is leaving, which is quickest; then start others."""
        leaving = [
            view
            for view in self.views
            if view.process is Process.RUNNING and view.phase is Phase.DRAINING
        ]
        idle = sorted(
            (view for view in self.views if view.process is Process.STOPPED),
            key=lambda view: view.place in self.avoided,
        )
        candidates = [
            *(Action(Deed.ADMIT, view.place) for view in leaving),
            *(Action(Deed.START, view.place) for view in idle),
        ]
        return candidates[: max(0, missing)]

    def _shrink(self, surplus: Sequence[View]) -> Sequence[Action]:
        """Have the last ones leave, and never more of those that serve than are not needed."""
        serving = sum(view.phase is Phase.SERVING for view in self.views)
        actions = []
        for view in reversed(surplus):
            if view.admission is Admission.OUT:
                actions.append(Action(Deed.STOP, view.place))
            elif view.phase is not Phase.SERVING:
                actions.append(self._leave(view))
            elif serving > self.wanted:
                serving -= 1
                actions.append(self._leave(view))
        return actions

    def _leave(self, view: View) -> Action:
        return Action(Deed.DRAIN if self.precautions.drains else Deed.KILL, view.place)

    def _end_leaving(self) -> Sequence[Action]:
        """Stop who has no request left, or had time enough; unless it was just brought back."""
        active = sum(view.phase in ACTIVE for view in self.views)
        back = {action.place for action in self._grow(self.wanted - active)}
        return [
            Action(Deed.STOP, view.place)
            for view in self.views
            if view.process is Process.RUNNING
            and view.phase is Phase.DRAINING
            and view.place not in back
            and (view.sessions == 0 or self._age(view) > self.precautions.drain_seconds)
        ]

    def _age(self, view: View) -> float:
        return self.ages.get(view.place, 0.0)
