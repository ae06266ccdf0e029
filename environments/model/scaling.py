"""A tier whose size follows its load, and what its scaler says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How many instances there are and ought to be, and the metrics that decide it."""

    wanted: int
    serving: int  # in rotation and not draining
    minimum: int  # a schedule's floor included
    maximum: int
    tolerance: float
    ratio: float | None  # the largest of metric / target, as the rule saw it last
    cpu: float | None  # mean share of an instance's quota
    memory: float | None  # mean share of its limit
    rate: float | None  # requests a second per serving instance
    held: int | None  # instances held by people
    policy: str
    version: str  # of the policy
    places: Mapping[str, str]  # instance -> idle, starting, ready, serving, draining, failed


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingDecision:
    number: int
    age_seconds: float  # by the scaler's clock: nobody needs equal ones
    before: int
    wanted: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingStage:
    number: int
    age_seconds: float
    instance: str
    stage: str  # started, ready, serving, draining, stopped, failed
    decision: int


@runtime_checkable
class Scaled(Protocol):
    """What an environment with a scaler can say besides; ask with ``isinstance``."""

    def scaling(self) -> Scaling:
        """How it is now.

        Raises:
            WorldError: the scaler, or its engine, does not answer.
        """
        ...

    def scaling_decisions(self, after: int) -> Sequence[ScalingDecision]:
        """Every decision with a greater number, in order.

        Raises:
            WorldError: the scaler, or its engine, does not answer.
        """
        ...

    def scaling_stages(self, after: int) -> Sequence[ScalingStage]:
        """Every stage of an instance's life with a greater number, in order.

        Raises:
            WorldError: the scaler, or its engine, does not answer.
        """
        ...
