"""Surges: what load was asked for over time, and whether customers brought it. Pure.

A load that did not follow its shape was no test of what was to grow with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

TOLERANCE = 0.1  # of what is asked for
_SLICE_SECONDS = 1.0  # windows are made of as many as it takes
_WINDOW_SECONDS, _WINDOW_ORDERS = 2.0, 20.0
# Whole orders are counted: the one at a window's edge falls on either side of it.
_AT_THE_EDGE = 1.0


@dataclass(frozen=True, slots=True)
class Surge:
    """A load that changes: knots are seconds after its start, and orders a second by then.

    The rate is linear from knot to knot; a step is two knots at one time. Knots are in the
    order of time, and the last is later than the first. ``started_at`` is of CLOCK_MONOTONIC.
    """

    started_at: float
    knots: Sequence[tuple[float, float]]

    @property
    def ended_at(self) -> float:
        return self.started_at + self.knots[-1][0]

    def orders(self, since: float, until: float) -> float:
        """How many are asked for between two times, in seconds after its start."""
        return sum(
            _area(one, following, max(since, one[0]), min(until, following[0]))
            for one, following in pairwise(self.knots)
            if max(since, one[0]) < min(until, following[0])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a window of a surge asked for, and what customers tried in it."""

    after_seconds: float  # from the surge's start to the window's
    seconds: float
    asked: float  # orders
    begun: int

    @property
    def follows(self) -> bool:
        return self.deviation <= 1

    @property
    def deviation(self) -> float:
        """How far off it is, as a share of what may be."""
        return abs(self.begun - self.asked) / (TOLERANCE * self.asked + _AT_THE_EDGE)


def furthest_off(began: NDArray[np.float64], surges: Sequence[Surge]) -> Offered | None:
    """The window furthest from its shape; None where no surge has room for a window.

    ``began`` is when each order was tried, ascending. A window is the least number of whole
    seconds, two at the least, in which twenty orders are asked for.
    """
    windows = [window for surge in surges for window in _windows(began, surge)]
    return max(windows, key=lambda window: window.deviation, default=None)


def _windows(began: NDArray[np.float64], surge: Surge) -> Iterator[Offered]:
    since = surge.knots[0][0]
    until = since
    while until + _SLICE_SECONDS <= surge.knots[-1][0]:
        until += _SLICE_SECONDS
        asked = surge.orders(since, until)
        if until - since < _WINDOW_SECONDS or asked < _WINDOW_ORDERS:
            continue
        edges = np.searchsorted(began, (surge.started_at + since, surge.started_at + until))
        yield Offered(
            after_seconds=since,
            seconds=until - since,
            asked=asked,
            begun=int(edges[1] - edges[0]),
        )
        since = until


def _area(
    one: tuple[float, float], following: tuple[float, float], since: float, until: float
) -> float:
    """The orders asked for in a part of the way from one knot to the following."""
    (at, rate), (later, rate_later) = one, following

    def rate_at(moment: float) -> float:
        return rate + (rate_later - rate) * (moment - at) / (later - at)

    return (rate_at(since) + rate_at(until)) / 2 * (until - since)
