"""What a stack that grows and shrinks did, and what customers got of it meanwhile. Pure.

Two kinds of evidence meet here: the scaling log says when the stack grew and shrank, and the
ledger says what customers got, which is never taken from what the stack says of itself.
Requests are orders and reads; rates are of orders alone, because load is asked for in orders.
Times are seconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.capacity import Capacity, capacities, most_needed, stable_samples
from reports.growths import Growth, departures, find_growths, turns_seconds, undecided_seconds
from reports.ledger import Outcome
from reports.outages import widest_gap_seconds
from reports.percentiles import p95
from reports.reads import reads_of, served
from reports.surges import Offered, furthest_off
from reports.writes import writes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from reports.reads import Reads
    from reports.scaling_log import ScalingLog
    from reports.surges import Surge
    from reports.verdict import Injection, Watch
    from reports.writes import Writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How a stack grew and shrank, in figures. Nothing here is an opinion.

    The surge lasts from the start of the first to the end of the last; where load never
    changed, from the first fault to the watch's end. A request counts for the while in which
    it began. Shares are from 0 to 1; figures are None where there was nothing to take them
    from.
    """

    samples: int
    ratios: int  # samples in which the load, against its target, was known
    # Between samples, from the surge's start to its end.
    widest_gap_seconds: float
    covered_until: float | None  # the last sample
    surges: int
    offered: Offered | None  # the window of a surge that is furthest from its shape
    growths: Sequence[Growth]
    scale_out_seconds: float | None  # the longest growth
    scale_out_is_lower_bound: bool  # one was not seen to end
    undecided_seconds: float  # over the threshold and free to grow, without a decision to
    turns_seconds: Sequence[float]  # from a change to the next, where that went the other way
    departures: int  # instances that left
    peak_serving: int | None
    least_serving: int | None
    peak_wanted: int | None
    least_wanted: int | None
    most_needed: int | None  # by the load, while the stack was stable
    requests_growing: int  # begun while the stack grew
    failed_growing: int
    p95_growing_seconds: float | None
    # Begun between the end of the first growth and the end of the surge, and in no growth.
    requests_grown: int
    failed_grown: int
    p95_grown_seconds: float | None
    # Failed while an instance was leaving, and not begun in a growth.
    dropped: int
    # Failed, and begun in the surge: told that it is certainly not done, or not told so.
    refused: int
    failed_otherwise: int
    p95_refusal_seconds: float | None
    capacities: Sequence[Capacity]  # by instances, ascending

    @property
    def errors_growing(self) -> float | None:
        return _share(self.failed_growing, self.requests_growing)

    @property
    def errors_grown(self) -> float | None:
        return _share(self.failed_grown, self.requests_grown)

    @property
    def overshoot(self) -> int | None:
        """By how many more than were needed instances served; None where no need was seen."""
        if self.peak_serving is None or self.most_needed is None:
            return None
        return max(0, self.peak_serving - self.most_needed)

    def reversals(self, within_seconds: float) -> int:
        """How many changes went back on the last one sooner than that."""
        return sum(seconds < within_seconds for seconds in self.turns_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Requests:
    """Everything that customers asked for; ``seconds`` is how long each took."""

    began: NDArray[np.float64]
    ended: NDArray[np.float64]  # infinite for those that never ended
    seconds: NDArray[np.float64]  # until the watch's end for those that never ended
    failed: NDArray[np.bool_]
    refused: NDArray[np.bool_]  # failed, and said to be certainly not done


def measure_scaling(
    log: ScalingLog,
    ledger: NDArray[np.void],
    *,
    surges: Sequence[Surge],
    injections: Sequence[Injection],
    watch: Watch,
) -> Scaling:
    """What the stack did, and what customers got while it grew, had grown, and shrank.

    A percentile is the nearest-rank 95th, failures included; what never ended took until the
    watch's end.
    """
    orders, _ = writes_of(ledger)
    requests = _requests(orders, reads_of(ledger), watch)
    began, ended = _surge(surges, injections, watch)
    growths = find_growths(log)
    left = departures(log)
    growing = _within(requests.began, ((one.crossed_at, one.ended_at) for one in growths))
    grown = _once_grown(requests.began, growths, ended) & ~growing
    surging = requests.failed & _within(requests.began, [(began, ended)])
    refused = surging & requests.refused
    times = np.array([sample.at for sample in log.samples])
    stable = stable_samples(log.samples)
    answered_at = np.sort(orders.ended[orders.outcome == Outcome.YES])
    return Scaling(
        samples=len(log.samples),
        ratios=sum(sample.ratio is not None for sample in log.samples),
        widest_gap_seconds=widest_gap_seconds(times, since=began, until=ended),
        covered_until=log.samples[-1].at if log.samples else None,
        surges=len(surges),
        offered=furthest_off(orders.began, surges),
        growths=tuple(growths),
        scale_out_seconds=max((one.seconds for one in growths), default=None),
        scale_out_is_lower_bound=any(one.grown_at is None for one in growths),
        undecided_seconds=undecided_seconds(log, growths),
        turns_seconds=tuple(turns_seconds(log.decisions)),
        departures=len(left),
        peak_serving=max((sample.serving for sample in log.samples), default=None),
        least_serving=min((sample.serving for sample in log.samples), default=None),
        peak_wanted=max((sample.wanted for sample in log.samples), default=None),
        least_wanted=min((sample.wanted for sample in log.samples), default=None),
        most_needed=most_needed(stable),
        requests_growing=_count(growing),
        failed_growing=_count(growing & requests.failed),
        p95_growing_seconds=p95(requests.seconds[growing]),
        requests_grown=_count(grown),
        failed_grown=_count(grown & requests.failed),
        p95_grown_seconds=p95(requests.seconds[grown]),
        dropped=_count(requests.failed & ~growing & _meets(requests, left)),
        refused=_count(refused),
        failed_otherwise=_count(surging & ~requests.refused),
        p95_refusal_seconds=p95(requests.seconds[refused]),
        capacities=tuple(capacities(stable, answered_at, watch)),
    )


def _requests(orders: Writes, reads: Reads, watch: Watch) -> _Requests:
    began = np.concatenate((orders.began, reads.began))
    ended = np.concatenate((orders.ended, reads.ended))
    outcome = np.concatenate((orders.outcome, reads.outcome))
    failed = ~np.concatenate((orders.outcome == Outcome.YES, served(reads)))
    return _Requests(
        began=began,
        ended=np.where(np.isnan(ended), np.inf, ended),
        seconds=np.where(np.isnan(ended), watch.ended_at, ended) - began,
        failed=failed,
        refused=failed & (outcome == Outcome.NO),
    )


def _surge(
    surges: Sequence[Surge], injections: Sequence[Injection], watch: Watch
) -> tuple[float, float]:
    if surges:
        return (
            min(surge.started_at for surge in surges),
            max(surge.ended_at for surge in surges),
        )
    starts = [injection.started_at for injection in injections]
    return min(starts, default=watch.started_at), watch.ended_at


def _once_grown(
    began: NDArray[np.float64], growths: Sequence[Growth], surge_ended_at: float
) -> NDArray[np.bool_]:
    ends = [one.grown_at for one in growths if one.grown_at is not None]
    return _within(began, [(min(ends), surge_ended_at)] if ends else [])


def _within(
    began: NDArray[np.float64], whiles: Iterable[tuple[float, float]]
) -> NDArray[np.bool_]:
    """Which lie in any of these, their beginnings included and their ends not."""
    found = np.zeros(began.size, np.bool_)
    for since, until in whiles:
        found |= (began >= since) & (began < until)
    return found


def _meets(requests: _Requests, whiles: Iterable[tuple[float, float]]) -> NDArray[np.bool_]:
    """Which began or were in flight in any of these."""
    found = np.zeros(requests.began.size, np.bool_)
    for since, until in whiles:
        found |= (requests.began <= until) & (requests.ended >= since)
    return found


def _share(some: int, everything: int) -> float | None:
    return some / everything if everything else None


def _count(which: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(which))
