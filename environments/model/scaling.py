"""An environment whose instances come and go by themselves, and what it says about that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingStatus:
    """How many instances there are and ought to be; None is what the autoscaler cannot know."""

    wanted: int
    serving: int  # in rotation, and not leaving
    minimum: int  # that of a peak that is on, included
    maximum: int
    tolerance: float
    ratio: float | None  # the largest of all metrics to their targets
    cpu: float | None  # mean share of an instance's quota
    memory: float | None  # mean share of its limit
    rate: float | None  # mean of the requests that an instance answers in a second
    held: int | None  # by people
    policy: str
    policy_version: str
    # place -> "idle", "starting", "ready", "serving", "draining" or "failed"
    places: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ScalingDecision:
    """A change of how many are wanted, or (``before == after``) what newly bounds that."""

    number: int
    age_seconds: float
    before: int
    after: int
    why: str


@dataclass(frozen=True, slots=True)
class ScalingStage:
    """How far an instance got because of a decision, given by its number."""

    number: int
    age_seconds: float
    instance: str
    stage: str  # "started", "ready", "serving", "draining", "stopped" or "failed"
    decision: int


@runtime_checkable
class Scaled(Protocol):
    """An environment with an autoscaler. Each method raises WorldError where it is silent."""

    def scaling(self) -> ScalingStatus: ...

    def scaling_decisions(self, after: int) -> Sequence[ScalingDecision]:
        """List the decisions with larger numbers, oldest first."""
        ...

    def scaling_stages(self, after: int) -> Sequence[ScalingStage]:
        """List the stages with larger numbers, oldest first."""
        ...
