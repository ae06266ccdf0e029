"""How many instances there ought to be: the rule of Kubernetes' HorizontalPodAutoscaler. Pure.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/, "Algorithm details"
and "Configurable scaling behavior":

- ``ceil(instances * metric / target)``, unless the ratio is within the tolerance of 1;
- the largest answer of all metrics counts; while one of them is not known, nobody leaves;
- instances that are not ready, or not for as long as a metric is taken over, are set aside,
  and count as idle when others are to be added;
- an instance of which nothing is known counts as idle when others are to be added, and as
  being at its target when some are to leave; if that turns the answer round, nothing changes;
- of the answers within a window the largest is taken before some leave, and the smallest
  before others are added; then limits, and the minimum and the maximum.

A number that people hold comes before all of that, and is never above the maximum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .policy import Limit, Policy

_DECIMALS = 6  # a millionth of an instance is an error of floating point, not one more


class Bound(StrEnum):
    """What keeps the number from being what the metrics ask for."""

    NONE = ""
    HELD = "held"
    MAXIMUM = "maximum"
    UNKNOWN = "unknown"  # a metric is, so nobody leaves


@dataclass(frozen=True, slots=True)
class Metric:
    """What each instance of which it is known uses, and what it ought to use on average."""

    name: str
    target: float
    used: Mapping[str, float]
    is_share: bool = True  # of a quota; otherwise requests a second

    def ratio(self, instances: frozenset[str]) -> float | None:
        """Give the mean of these instances over the target; None: of none it is known."""
        known = [self.used[name] / self.target for name in instances & self.used.keys()]
        return math.fsum(known) / len(known) if known else None

    def mean(self, instances: frozenset[str]) -> float | None:
        ratio = self.ratio(instances)
        return None if ratio is None else ratio * self.target

    def __str__(self) -> str:
        share = f"{100 * self.target:g} %"
        return share if self.is_share else f"{self.target:g} requests a second"


@dataclass(frozen=True, slots=True)
class Memory:
    """What was asked for and what was done, with the moments; the oldest is forgotten."""

    asked: Sequence[tuple[float, int]] = ()
    changes: Sequence[tuple[float, int]] = ()  # by how many instances

    def asking(self, now: float, number: int, *, seconds: float) -> Memory:
        kept = [one for one in self.asked if one[0] > now - seconds]
        return replace(self, asked=(*kept, (now, number)))

    def changing(self, now: float, by: int, *, seconds: float) -> Memory:
        kept = [one for one in self.changes if one[0] > now - seconds]
        return replace(self, changes=(*kept, (now, by)))

    def without_asked(self) -> Memory:
        return replace(self, asked=())

    def changed_within(self, now: float, seconds: float) -> int:
        """By how many instances the number grew, shrinking subtracted."""
        return sum(by for at, by in self.changes if at > now - seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    now: float  # seconds of a monotonic clock
    current: int  # what was decided last
    minimum: int  # the floor of a peak that is on, included
    ready: frozenset[str]
    unready: frozenset[str]
    metrics: Sequence[Metric]
    held: int | None = None
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Outcome:
    wanted: int
    why: str
    memory: Memory
    bound: Bound = Bound.NONE
    ratio: float | None = None  # the largest of all metrics


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one metric asks for."""

    metric: Metric
    ratio: float
    wanted: int

    def __str__(self) -> str:
        name = self.metric.name
        return f"{name} is at {100 * self.ratio:.0f} % of its target of {self.metric}"


def decide(policy: Policy, situation: Situation) -> Outcome:
    """Say how many instances there ought to be, and why."""
    outcome = _decide(policy, situation)
    change = outcome.wanted - situation.current
    if not change:
        return outcome
    longest = max(policy.scale_out.period_seconds, policy.scale_in.period_seconds)
    memory = outcome.memory.changing(situation.now, change, seconds=longest)
    return replace(outcome, memory=memory)


def _decide(policy: Policy, situation: Situation) -> Outcome:
    proposals = [propose(metric, situation, policy.tolerance) for metric in situation.metrics]
    known = [proposal for proposal in proposals if proposal is not None]
    ratio = max((proposal.ratio for proposal in known), default=None)
    if situation.held is not None:
        return replace(_held(policy, situation, situation.held), ratio=ratio)
    if (outside := _outside(policy, situation)) is not None:
        return replace(outside, ratio=ratio)
    unknown = [
        metric.name
        for metric, proposal in zip(situation.metrics, proposals, strict=True)
        if proposal is None
    ]
    return replace(_by_metrics(policy, situation, known, unknown), ratio=ratio)


def _held(policy: Policy, situation: Situation, held: int) -> Outcome:
    """Do as people say; what was asked for before does not count when they let go."""
    wanted = max(1, min(held, policy.maximum))
    why = f"held at {held} by people"
    if wanted < held:
        why += f", and {policy.maximum} is the maximum"
    return Outcome(wanted, why, situation.memory.without_asked(), Bound.HELD)


def _outside(policy: Policy, situation: Situation) -> Outcome | None:
    """Come back between the bounds at once, whatever the metrics say."""
    current, minimum, maximum = situation.current, situation.minimum, policy.maximum
    if current > maximum:
        why = f"{current} instances are more than the maximum of {maximum}"
        return Outcome(maximum, why, situation.memory, Bound.MAXIMUM)
    if current < minimum:
        return Outcome(minimum, f"the minimum is {minimum} instances now", situation.memory)
    return None


def propose(metric: Metric, situation: Situation, tolerance: float) -> Proposal | None:
    """Say what one metric asks for; None where it is not known of any instance."""
    ratio = metric.ratio(situation.ready)
    if ratio is None:
        return None
    known = len(situation.ready & metric.used.keys())
    missing = len(situation.ready) - known
    idle = len(situation.unready) + missing if ratio > 1 else 0
    at_target = missing if ratio < 1 else 0
    guessed = (ratio * known + at_target) / (known + idle + at_target)
    wanted = math.ceil(round(ratio * known + at_target, _DECIMALS))
    is_guessed = bool(idle or at_target)
    if _is_near(guessed, tolerance) or (
        is_guessed and _turns_round(ratio, guessed, wanted, situation.current)
    ):
        wanted = situation.current
    return Proposal(metric, ratio, wanted)


def _is_near(ratio: float, tolerance: float) -> bool:
    return round(abs(1 - ratio), _DECIMALS) <= tolerance


def _turns_round(ratio: float, guessed: float, wanted: int, current: int) -> bool:
    """Whether what had to be guessed would turn growing into shrinking, or the reverse."""
    if ratio > 1:
        return guessed < 1 or wanted < current
    return guessed > 1 or wanted > current


def _by_metrics(
    policy: Policy,
    situation: Situation,
    proposals: Sequence[Proposal],
    unknown: Sequence[str],
) -> Outcome:
    current = situation.current
    if not proposals:
        why = f"{_and(unknown)} cannot be known: nothing is changed"
        return Outcome(current, why, situation.memory, Bound.UNKNOWN)
    largest = max(proposals, key=lambda one: (one.wanted, one.ratio))
    if unknown and largest.wanted < current:
        why = f"{_and(unknown)} cannot be known: nobody leaves"
        return Outcome(current, why, situation.memory, Bound.UNKNOWN)
    memory = situation.memory
    if not memory.asked:  # after a start, or after people let go: a cool-down begins
        memory = memory.asking(situation.now, current, seconds=math.inf)
    steady = _stabilised(policy, situation, memory, largest.wanted)
    wanted = _limited(policy, situation, memory, steady)
    window = max(policy.cool_down_seconds, policy.scale_out_stabilisation_seconds)
    memory = memory.asking(situation.now, largest.wanted, seconds=window)
    at_maximum = largest.wanted > policy.maximum and wanted == policy.maximum
    bound = Bound.MAXIMUM if at_maximum else Bound.NONE
    return Outcome(wanted, _why(policy, situation, largest, wanted), memory, bound)


def _stabilised(policy: Policy, situation: Situation, memory: Memory, asked: int) -> int:
    """Grow only to what was asked for all the while, shrink only to the most asked for."""

    def within(seconds: float) -> list[int]:
        return [number for at, number in memory.asked if at > situation.now - seconds]

    most = max((asked, *within(policy.cool_down_seconds)))
    least = min((asked, *within(policy.scale_out_stabilisation_seconds)))
    return min(max(situation.current, least), most)


def _limited(policy: Policy, situation: Situation, memory: Memory, wanted: int) -> int:
    """Keep to the limits of a period, and to the minimum and the maximum."""
    current = situation.current
    if wanted > current:
        limit = policy.scale_out
        before = current - memory.changed_within(situation.now, limit.period_seconds)
        return min(wanted, policy.maximum, max(current, _most(limit, before)))
    if wanted < current:
        limit = policy.scale_in
        before = current - memory.changed_within(situation.now, limit.period_seconds)
        fewest = math.floor(before * (1 - limit.percent / 100))
        return max(wanted, situation.minimum, min(current, fewest))
    return current


def _most(limit: Limit, before: int) -> int:
    by_share = math.ceil(round(before * (1 + limit.percent / 100), _DECIMALS))
    return max(by_share, before + limit.instances)


def _why(policy: Policy, situation: Situation, largest: Proposal, wanted: int) -> str:
    asked = f"{largest}: {largest.wanted} instances"
    if wanted == largest.wanted:
        return asked
    if largest.wanted > policy.maximum and wanted == policy.maximum:
        return f"{asked}, and {policy.maximum} is the maximum"
    if largest.wanted < situation.minimum and wanted == situation.minimum:
        return f"{asked}, and {situation.minimum} is the minimum"
    if wanted == situation.current:
        return f"{asked}, and a cool-down or a limit has it wait"
    return f"{asked}, and {wanted} of them for now"


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)
