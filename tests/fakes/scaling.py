"""The fake world with instances that come and go when it is told so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from environments.model import ScalingDecision, ScalingStage, ScalingStatus, WorldError
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLACES = 10


def places_of(serving: int) -> Mapping[str, str]:
    numbers = range(1, PLACES + 1)
    return {f"east-app-{n}": "serving" if n <= serving else "idle" for n in numbers}


AT_REST = ScalingStatus(
    wanted=3, serving=3, minimum=3, maximum=PLACES, tolerance=0.1, ratio=0.5, cpu=0.35,
    memory=0.3, rate=4.0, held=None, policy="drill", policy_version="0123456789ab",
    places=places_of(3),
)  # fmt: skip


class ScaledFake(FakeEnvironment):
    """Implements Scaled; ``scale`` is what its autoscaler would do. Nothing takes time.

    Assign to ``status`` what it should say of its metrics, and to ``silent`` the sentence of
    a scaler that does not answer; ``asked`` counts how often it said how it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.decisions: list[ScalingDecision] = []
        self.stages: list[ScalingStage] = []
        self.status = AT_REST
        self.silent = ""
        self.asked = 0

    def scale(self, wanted: int, why: str, *, age_seconds: float = 0.0) -> None:
        """Want and have so many from now on, which was decided so long ago."""
        before, number = self.status, len(self.decisions) + 1
        places = places_of(wanted)
        for place in places:
            if before.places[place] != places[place]:
                self._pass(place, number, age_seconds, grows=wanted > before.wanted)
        self.decisions.append(ScalingDecision(number, age_seconds, before.wanted, wanted, why))
        self.status = replace(before, wanted=wanted, serving=wanted, places=places)

    def _pass(self, place: str, decision: int, age_seconds: float, *, grows: bool) -> None:
        """Let an instance go through all of its stages at once."""
        for stage in ("started", "ready", "serving") if grows else ("draining", "stopped"):
            number = len(self.stages) + 1
            self.stages.append(ScalingStage(number, age_seconds, place, stage, decision))

    def scaling(self) -> ScalingStatus:
        self._answer()
        self.asked += 1
        return self.status

    def scaling_decisions(self, after: int) -> Sequence[ScalingDecision]:
        self._answer()
        return [one for one in self.decisions if one.number > after]

    def scaling_stages(self, after: int) -> Sequence[ScalingStage]:
        self._answer()
        return [one for one in self.stages if one.number > after]

    def _answer(self) -> None:
        if self.silent:
            raise WorldError(self.silent)
