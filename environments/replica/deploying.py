"""What the deployer says of itself, and what about it is amiss. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from environments.model import ChangeTold
from environments.replica.probes import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

IDLE = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStatus:
    """Which release serves, and how far another one has come."""

    live: str  # the version that is said to be live
    colour: str  # "blue": the places that all began with; or "green"
    phase: str  # "idle", "preparing", "serving", "watched" or "rolling back"
    change: str
    share: float
    verified: bool  # that the last rollback is done was read back
    trouble: str  # what harms customers; "" where nothing was found
    serving: Mapping[str, str]  # place -> the version that it says it is


def read_deployment(said: Mapping[str, Any]) -> DeploymentStatus:
    """Read ``/status``.

    Raises:
        NoAnswerError: it is not that.
    """
    try:
        return DeploymentStatus(**{name: said[name] for name in DeploymentStatus.__slots__})
    except (KeyError, TypeError) as error:
        raise NoAnswerError(f"/status has no {error}") from error


def read_changes(said: Sequence[Mapping[str, Any]]) -> Sequence[ChangeTold]:
    """Read ``/changes``.

    Raises:
        NoAnswerError: it is not that.
    """
    try:
        return [
            ChangeTold(**{name: one[name] for name in ChangeTold.__slots__}) for one in said
        ]
    except (KeyError, TypeError) as error:
        raise NoAnswerError(f"/changes has no {error}") from error


def deviations_of_deployment(deployers: Mapping[str, DeploymentStatus]) -> Iterator[str]:
    """Say what keeps releases from their steady state: all serve the one that is live."""
    for name, status in deployers.items():
        if status.phase != IDLE:
            yield f"{name} is at work: {status.change} is {status.phase}"
            continue
        for place, version in status.serving.items():
            if version != status.live:
                yield f"{place} serves customers with {version}, and {status.live} is live"
