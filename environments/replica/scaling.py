"""What the autoscaler says of itself, and what about it is amiss. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from environments.model import ScalingDecision, ScalingStage, ScalingStatus
from environments.replica.probes import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingView:
    """What was seen at one moment of a region; one that is not autoscaled has no scalers."""

    scalers: Mapping[str, ScalingStatus] = field(default_factory=dict)
    measured: Mapping[str, int] = field(default_factory=dict)  # Prometheus -> fresh instances


def read_status(said: Mapping[str, Any]) -> ScalingStatus:
    """Read ``/status``.

    Raises:
        NoAnswerError: it is not that.
    """
    try:
        return ScalingStatus(
            policy=said["policy"]["name"],
            policy_version=said["policy"]["version"],
            **{name: said[name] for name in ScalingStatus.__slots__ if "policy" not in name},
        )
    except (KeyError, TypeError) as error:
        raise NoAnswerError(f"/status has no {error}") from error


def read_decisions(said: Sequence[Mapping[str, Any]]) -> Sequence[ScalingDecision]:
    """Read ``/decisions``.

    Raises:
        NoAnswerError: it is not that.
    """
    try:
        return [
            ScalingDecision(
                one["number"], one["age_seconds"], one["from"], one["to"], one["why"]
            )
            for one in said
        ]
    except (KeyError, TypeError) as error:
        raise NoAnswerError(f"/decisions has no {error}") from error


def read_stages(said: Sequence[Mapping[str, Any]]) -> Sequence[ScalingStage]:
    """Read ``/stages``.

    Raises:
        NoAnswerError: it is not that.
    """
    try:
        return [
            ScalingStage(
                one["number"],
                one["age_seconds"],
                one["instance"],
                one["stage"],
                one["decision"],
            )
            for one in said
        ]
    except (KeyError, TypeError) as error:
        raise NoAnswerError(f"/stages has no {error}") from error


def deviations_of_scaling(view: ScalingView, policy_version: str) -> Iterator[str]:
    """Say what keeps an autoscaled region from its steady state: the fewest instances serve."""
    for name, status in view.scalers.items():
        yield from _of_people(name, status, policy_version)
        yield from _of_places(name, status)
    fewest = max((status.minimum for status in view.scalers.values()), default=0)
    for name, fresh in view.measured.items():
        if fresh != fewest:
            yield f"{name} has fresh metrics of {fresh} instances, and {fewest} ought to run"


def _of_people(name: str, status: ScalingStatus, policy_version: str) -> Iterator[str]:
    if status.held is not None:
        yield f"{name} holds {status.held} instances (`scaling release` ends that)"
    if status.policy_version != policy_version:
        yield (
            f"{name} follows the policy {status.policy} ({status.policy_version}), not the one "
            f"that it was made with ({policy_version}; `scaling use FILE` brings it back)"
        )


def _of_places(name: str, status: ScalingStatus) -> Iterator[str]:
    if status.wanted != status.minimum:
        yield f"{name} wants {status.wanted} instances, not the fewest ({status.minimum})"
    for number, (place, phase) in enumerate(status.places.items()):
        wanted = "serving" if number < status.minimum else "idle"
        if phase != wanted:
            yield f"{place} is {phase}, not {wanted}"
    unknown = [what for what in ("cpu", "memory", "rate") if getattr(status, what) is None]
    if unknown:
        yield f"{name} does not know the instances' {', '.join(unknown)}"
