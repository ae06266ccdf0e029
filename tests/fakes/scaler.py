"""A world in memory whose application tier says that it scales."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from environments.model import ScalingDecision, ScalingStage, ScalingStatus, WorldError
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_REST = ScalingStatus(
    wanted=3, serving=3, minimum=3, maximum=10, tolerance=0.1, ratio=0.5, cpu=0.35, memory=0.2,
    rate=7.5, held=None, policy="standard", policy_version="0123456789ab",
    places={f"east-app-{number}": "serving" for number in (1, 2, 3)},
)  # fmt: skip


class ScaledEnvironment(FakeEnvironment):
    """Says what the test lets it say; ``silent`` is the sentence of a scaler that is away."""

    def __init__(self) -> None:
        super().__init__()
        self.now = AT_REST
        self.decisions: list[ScalingDecision] = []
        self.stages: list[ScalingStage] = []
        self.silent = ""
        self.asked = 0

    def scaling(self) -> ScalingStatus:
        self._answer()
        self.asked += 1
        return self.now

    def scaling_decisions(self, after: int) -> Sequence[ScalingDecision]:
        self._answer()
        return [one for one in self.decisions if one.number > after]

    def scaling_stages(self, after: int) -> Sequence[ScalingStage]:
        self._answer()
        return [one for one in self.stages if one.number > after]

    def grow_to(self, count: int, *, age_seconds: float = 0.0) -> None:
        """Want and have so many from now on, which was decided so long ago."""
        before, number = self.now.wanted, len(self.decisions) + 1
        names = [f"east-app-{place + 1}" for place in range(count)]
        self.stages += [
            ScalingStage(
                number=len(self.stages) + place + 1, age_seconds=age_seconds, instance=name,
                stage="serving", decision=number,
            )
            for place, name in enumerate(names[before:])
        ]  # fmt: skip
        self.decisions.append(
            ScalingDecision(
                number=number, age_seconds=age_seconds, before=before, after=count,
                why="cpu at 95 % of its 70 % target",
            )
        )  # fmt: skip
        places = dict.fromkeys(names, "serving")
        self.now = replace(self.now, wanted=count, serving=count, places=places)

    def _answer(self) -> None:
        if self.silent:
            raise WorldError(self.silent)
