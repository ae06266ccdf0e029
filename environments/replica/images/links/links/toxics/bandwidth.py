"""bandwidth: at the most ``rate`` kilobytes (1,000 bytes) pass each second."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .stage import DelayLine, Tank

# Bytes leave in pieces of this many milliseconds' worth, so that a slow link trickles.
_PIECE_MILLISECONDS = 100


@dataclass(frozen=True, slots=True)
class Bandwidth:
    rate: int = 0


class BandwidthStage(DelayLine[Bandwidth]):
    """A piece leaves once the time that sending it takes has passed; rate 0 passes nothing."""

    def __init__(self, attributes: Bandwidth, tank: Tank) -> None:
        super().__init__(attributes, tank)
        self._free_at = 0.0

    def next_piece(self, size: int, arrived: float) -> tuple[int, float]:
        rate = self.attributes.rate
        if rate <= 0:
            return size, math.inf
        piece = min(size, rate * _PIECE_MILLISECONDS)
        self._free_at = max(self._free_at, arrived) + piece / (rate * 1000)
        return piece, self._free_at

    def release(self) -> None:
        self._free_at = 0.0
        super().release()
