"""What customers saw, binned by time: counts of outcomes and percentiles of latency."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.ledger import Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_TOLD = ((Outcome.YES,), (Outcome.NO,), (Outcome.UNKNOWN, Outcome.PENDING))
BIN_SECONDS, _MOST_BINS = 0.5, 240
_CHUNK = 250_000  # attempts read at once: memory stays flat however long the ledger is
_BUCKETS_PER_DECADE, _FASTEST, _DECADES = 100, 1e-4, 7  # 0.1 ms to 1,000 s


@dataclass(frozen=True, slots=True)
class Customers:
    """What customers saw, by equal bins of time; latencies in seconds, NaN where none."""

    edges: NDArray[np.float64]
    told: tuple[NDArray[np.int64], ...]  # acknowledged, refused, unknown
    p50: NDArray[np.float64]
    p95: NDArray[np.float64]


def see(
    ledger: NDArray[np.void], began: float, ended: float, bin_seconds: float = BIN_SECONDS
) -> Customers:
    """Bin what customers saw between two times, whatever the ledger's length.

    Bins are longer than asked for where there would be too many of them.

    A percentile is the upper end of its bucket on a logarithmic scale of 100 buckets for
    each factor of ten, so it is at most 2.4 % too high.
    """
    bins = min(_MOST_BINS, max(1, math.ceil((ended - began) / bin_seconds)))
    width = max(ended - began, 1e-9) / bins
    told = tuple(np.zeros(bins, np.int64) for _ in _TOLD)
    buckets = _BUCKETS_PER_DECADE * _DECADES
    latencies = np.zeros(bins * buckets, np.int64)
    for chunk in _writes(ledger):
        place = np.clip(((chunk["began"] - began) / width).astype(np.int64), 0, bins - 1)
        for count, outcomes in zip(told, _TOLD, strict=True):
            mine = place[np.isin(chunk["outcome"], outcomes)]
            np.add(count, np.bincount(mine, minlength=bins), out=count)
        answered = chunk["outcome"] == Outcome.YES
        seconds = np.nan_to_num((chunk["ended"] - chunk["began"])[answered])
        bucket = np.log10(np.maximum(seconds, _FASTEST) / _FASTEST) * _BUCKETS_PER_DECADE
        bucket = np.minimum(bucket.astype(np.int64), buckets - 1)
        latencies += np.bincount(place[answered] * buckets + bucket, minlength=len(latencies))
    table = latencies.reshape(bins, buckets)
    edges = np.linspace(began, began + width * bins, bins + 1)
    return Customers(edges, told, _percentile(table, 0.50), _percentile(table, 0.95))


def covered(ledger: NDArray[np.void]) -> tuple[float, float] | None:
    """When the first and the last write began; None where nobody tried to write."""
    began = [writes["began"] for writes in _writes(ledger)]
    if not began:
        return None
    return float(min(one.min() for one in began)), float(max(one.max() for one in began))


def _writes(ledger: NDArray[np.void]) -> Iterator[NDArray[np.void]]:
    """Give the writes, a chunk at a time: they are what RTO is judged by.

    Damaged records, which the judge counts, have no place on a time axis.
    """
    for start in range(0, len(ledger), _CHUNK):
        chunk = ledger[start : start + _CHUNK]
        sane = (chunk["operation"] == Operation.CREATE) & np.isfinite(chunk["began"])
        if sane.any():
            yield chunk[sane]


def _percentile(table: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    cumulated = np.cumsum(table, axis=1)
    total = cumulated[:, -1:]
    bucket = np.argmax(cumulated >= np.maximum(1, np.ceil(total * share)), axis=1)
    seconds = _FASTEST * 10 ** ((bucket + 1) / _BUCKETS_PER_DECADE)
    return np.where(total[:, 0] > 0, seconds, np.nan)
