"""Where a deployment is: what outlives the process, in one file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from rollout.history import By

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Colour(StrEnum):
    BLUE = "blue"  # the release that all began with
    GREEN = "green"  # the next one


class Phase(StrEnum):
    IDLE = "idle"
    PREPARING = "preparing"  # instances of a stage are started, and tried without customers
    SERVING = "serving"  # a share of customers meets them
    WATCHED = "watched"  # all customers do, and it may still be taken back
    ROLLING_BACK = "rolling back"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Times are of the host's monotonic clock, in seconds."""

    live: Colour = Colour.BLUE
    phase: Phase = Phase.IDLE
    number: int = 0  # of the last change
    at_once: bool = False  # blue-green: no stages, all customers or nobody
    stage: int = 0
    met_at: float = 0.0  # when the first customers may have met the change
    since: float = 0.0  # of the phase, and of its stage
    taken_back_by: By = By.ITSELF
    keeps_warm: bool = False  # without customers, green goes on running
    is_verified: bool = False  # that a rollback is done was read back
    versions: Mapping[Colour, str] = field(default_factory=dict)  # as instances said

    @property
    def change(self) -> str:
        return f"release-{self.number}"


@dataclass(frozen=True, slots=True)
class StateFile:
    path: Path

    def read(self) -> State:
        try:
            told = json.loads(self.path.read_text())
        except FileNotFoundError:
            return State()
        versions = {Colour(colour): version for colour, version in told.pop("versions").items()}
        return State(
            live=Colour(told.pop("live")),
            phase=Phase(told.pop("phase")),
            taken_back_by=By(told.pop("taken_back_by")),
            versions=versions,
            **told,
        )

    def write(self, state: State) -> None:
        """Replace it at once: a reader finds the old one or the new one, whole."""
        new = self.path.with_suffix(".new")
        with new.open("w") as file:
            file.write(json.dumps(asdict(state)))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
