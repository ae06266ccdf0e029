"""The fake world with instances that come and go when it is told so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from environments.model import ScalingDecision, ScalingStage, ScalingStatus, WorldError
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACES = 10


class ScaledFake(FakeEnvironment):
    """Implements Scaled; ``scale`` is what its autoscaler would do. Nothing takes time.

    Assign to ``status`` what it should say of its metrics; None is a scaler that is silent.
    """

    def __init__(self) -> None:
        super().__init__()
        self.decisions: list[ScalingDecision] = []
        self.stages: list[ScalingStage] = []
        self.status: ScalingStatus | None = ScalingStatus(
            wanted=3, serving=3, minimum=3, maximum=PLACES, tolerance=0.1,
            ratio=0.5, cpu=0.35, memory=0.3, rate=4.0,
            held=None, policy="drill", policy_version="0123456789ab", places=_places(3),
        )  # fmt: skip

    def scale(self, wanted: int, why: str) -> None:
        status = self.scaling()
        decision = ScalingDecision(len(self.decisions) + 1, 0.0, status.wanted, wanted, why)
        self.decisions.append(decision)
        places = _places(wanted)
        for place in places:
            if status.places[place] != places[place]:
                self._pass(place, grows=wanted > status.wanted)
        self.status = replace(status, wanted=wanted, serving=wanted, places=places)

    def _pass(self, place: str, *, grows: bool) -> None:
        """Let an instance go through all of its stages at once."""
        for stage in ("started", "ready", "serving") if grows else ("draining", "stopped"):
            number, decision = len(self.stages) + 1, self.decisions[-1].number
            self.stages.append(ScalingStage(number, 0.0, place, stage, decision))

    def scaling(self) -> ScalingStatus:
        if self.status is None:
            raise WorldError("the scaler does not say how it scales: see its log")
        return self.status

    def scaling_decisions(self, after: int) -> Sequence[ScalingDecision]:
        return [one for one in self.decisions if one.number > after]

    def scaling_stages(self, after: int) -> Sequence[ScalingStage]:
        return [one for one in self.stages if one.number > after]


def _places(serving: int) -> dict[str, str]:
    numbers = range(1, PLACES + 1)
    return {f"east-app-{n}": "serving" if n <= serving else "idle" for n in numbers}
