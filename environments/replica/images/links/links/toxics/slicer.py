"""slicer: bytes leave in pieces of ``average_size`` ± ``size_variation`` bytes.

After each piece the next one waits ``delay`` microseconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from .stage import DelayLine, Tank


@dataclass(frozen=True, slots=True)
class Slicer:
    average_size: int = 0
    size_variation: int = 0
    delay: int = 0


class SlicerStage(DelayLine[Slicer]):
    def __init__(self, attributes: Slicer, tank: Tank) -> None:
        super().__init__(attributes, tank)
        self._free_at = 0.0

    def next_piece(self, size: int, arrived: float) -> tuple[int, float]:
        variation = abs(self.attributes.size_variation)
        varied = random.randint(-variation, variation)  # noqa: S311 - no secret
        wanted = self.attributes.average_size + varied
        due = max(self._free_at, arrived)
        self._free_at = due + self.attributes.delay / 1_000_000
        return min(size, max(1, wanted)), due
