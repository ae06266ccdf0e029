"""The percentile that drills are judged by: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def p95(seconds: NDArray[np.float64]) -> float | None:
    """The nearest-rank 95th percentile: one in twenty took as long, or longer."""
    if seconds.size == 0:
        return None
    rank = -(-95 * seconds.size // 100)
    return float(np.partition(seconds, rank - 1)[rank - 1])
