"""What one instance carries, and whether two carry twice as much. Pure.

Only samples count in which the stack was stable, as many serving as were wanted, which had not
changed for a while, and came near its target: an instance that has little to do uses something
all the same, so nothing follows from it. What was served is counted from the ledger, in the
same while.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from reports.growths import GAP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.scaling_log import Sample
    from reports.verdict import Watch

STABLE_SECONDS = 2.0
BUSY = 0.7  # of the target
_ROUNDING = 1e-9  # three instances at exactly their target need three, and not four


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What one of so many instances carries at its target: the median of stable samples.

    It is what was served, for each instance, divided by how near its target it came to: one
    that serves 6 orders a second at 60 % of its target carries 10 at the target. Where the
    largest metric is not in proportion to orders, neither is this.
    """

    instances: int
    orders_per_second: float
    # Of what one of the smallest number seen carries, from 0 on: 1 where growth is linear.
    linearity: float
    samples: int


def stable_samples(samples: Sequence[Sample]) -> list[Sample]:
    """Those before which, for a while, as many served as were wanted, and always as many."""
    found = []
    since: Sample | None = None
    previous: Sample | None = None
    for sample in samples:
        if since is None or previous is None or not _goes_on(previous, sample):
            since = sample
        if sample.serving == sample.wanted and sample.at - since.at >= STABLE_SECONDS:
            found.append(sample)
        previous = sample
    return found


def most_needed(stable: Sequence[Sample]) -> int | None:
    """The most instances that the load asked for, by the rule that instances are counted by."""
    return max((_needed(one) for one in stable if one.ratio is not None), default=None)


def capacities(
    stable: Sequence[Sample], answered_at: NDArray[np.float64], watch: Watch
) -> list[Capacity]:
    """What one instance carries, by how many serve, ascending.

    ``answered_at`` is when each order was acknowledged, ascending. Samples say nothing of it
    in which the stack was not BUSY, or nothing was served, or whose while was not all watched.
    """
    carried: dict[int, list[float]] = defaultdict(list)
    for sample in stable:
        since = sample.at - STABLE_SECONDS
        edges = np.searchsorted(answered_at, (since, sample.at), side="right")
        orders = int(edges[1] - edges[0])
        watched = since >= watch.started_at and sample.at <= watch.ended_at
        ratio = sample.ratio or 0.0
        if watched and orders and ratio >= BUSY and sample.serving:
            rate = orders / STABLE_SECONDS
            carried[sample.serving].append(rate / (sample.serving * ratio))
    medians = {instances: median(rates) for instances, rates in sorted(carried.items())}
    return [
        Capacity(
            instances=instances,
            orders_per_second=carries,
            linearity=carries / next(iter(medians.values())),
            samples=len(carried[instances]),
        )
        for instances, carries in medians.items()
    ]


def _goes_on(previous: Sample, sample: Sample) -> bool:
    same = (previous.serving, previous.wanted) == (sample.serving, sample.wanted)
    return same and sample.at - previous.at <= GAP_SECONDS


def _needed(sample: Sample) -> int:
    return math.ceil(sample.serving * (sample.ratio or 0.0) - _ROUNDING)
