"""latency: everything arrives later by ``latency`` ± ``jitter`` milliseconds, in order."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .stage import DelayLine


@dataclass(frozen=True, slots=True)
class Latency:
    latency: int = 0
    jitter: int = 0


class LatencyStage(DelayLine[Latency]):
    def next_piece(self, size: int, arrived: float) -> tuple[int, float]:
        jitter = abs(self.attributes.jitter)
        milliseconds = self.attributes.latency + random.uniform(-jitter, jitter)  # noqa: S311 - no secret
        return size, arrived + milliseconds / 1000
