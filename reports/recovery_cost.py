"""What a restore costs here, and what it would cost at production's size: pure.

Drills restore backups of several sizes and replay several amounts of write-ahead log (WAL).
A straight line through what they took is carried on to the size that production is said to
have. A gigabyte (GB) is 10^9 bytes.

Importing this module imports scipy, which takes a second: import it where a cost is needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls
from scipy.special import stdtrit

from reports.wording import seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CONFIDENCE = 0.90
LEFT_OUT = (
    "Whether a straight line still holds at that size: nothing that large was restored.",
    "The disks of production: its caches are cold, and its limits may be lower or higher.",
    "Noise that grows with size: it is taken to be the same at every size.",
    "Decompression and decryption: they are in what was measured, with the processors here.",
    "The compression ratio: the network is taken to carry every byte of the database.",
    "The network's share of fetching WAL: only the database is held to the stated network.",
    "Parallelism: production may restore with more processes, or with fewer.",
    "Many small files, and tablespaces: they cost more for each gigabyte than one large table.",
    "The time to notice, and to find and provision a machine to restore to.",
    "The decisions of people: which backup, up to which moment, and who approves.",
    "The time until clients and name servers know where the database is now.",
    "The first hours after it: a database with empty caches serves more slowly.",
)
_FEWEST_SIZES = 3
_COEFFICIENTS = 3
_SPARE_MEASUREMENTS = 2
_MOST_BYTES, _MOST_SECONDS = 1e18, 1e9  # an exabyte, thirty years: beyond them is a mistake
_SAME = 1e-6  # relative; columns that differ by less tell nothing apart
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One restore that was timed: of a backup this large, and a replay of that much WAL."""

    database_bytes: int
    wal_bytes: int
    seconds: float

    @property
    def gigabytes(self) -> float:
        return self.database_bytes / 1e9

    @property
    def wal_gigabytes(self) -> float:
        return self.wal_bytes / 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """What production is said to be; every number is finite and above zero."""

    database_gigabytes: float
    wal_gigabytes: float  # to be replayed
    gigabits_per_second: float  # from where the backups are to where they are restored
    rto_seconds: float


class Bound(StrEnum):
    """What the database's part of a restore cannot be quicker than."""

    NETWORK = "bound by the network"
    MEASURED = "bound by what was measured"


class Promise(StrEnum):
    """Whether an RTO would be kept."""

    MET = "MET"
    MISSED = "MISSED"
    UNCERTAIN = "UNCERTAIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What restores here cost: a fixed part, one for each GB, and one for each GB of WAL.

    ``residual_seconds`` is the standard deviation of what the line does not explain.
    """

    measurements: tuple[Measurement, ...]
    fixed_seconds: float
    seconds_per_gigabyte: float
    seconds_per_wal_gigabyte: float
    residual_seconds: float

    @property
    def degrees_of_freedom(self) -> int:
        return len(self.measurements) - _COEFFICIENTS

    def seconds_at(self, gigabytes: float, wal_gigabytes: float) -> float:
        """What a restore of this size takes by the fitted line."""
        return (
            self.fixed_seconds
            + self.seconds_per_gigabyte * gigabytes
            + self.seconds_per_wal_gigabyte * wal_gigabytes
        )

    def half_width_at(self, gigabytes: float, wal_gigabytes: float) -> float:
        """Seconds either way within which one new restore of this size lies at CONFIDENCE.

        The prediction interval of a single new observation, t·s·√(1 + x'(X'X)⁻¹x), with
        Student's t: Montgomery, Peck and Vining, "Introduction to Linear Regression
        Analysis", "Prediction of New Observations". A coefficient that is held at zero is
        counted as a fitted one all the same, which makes the interval wider.
        """
        quantile = float(stdtrit(self.degrees_of_freedom, (1 + CONFIDENCE) / 2))
        leverage = self._leverage(gigabytes, wal_gigabytes)
        return quantile * self.residual_seconds * math.sqrt(1 + leverage)

    def _leverage(self, gigabytes: float, wal_gigabytes: float) -> float:
        design = _design(self.measurements)
        scale = design.max(axis=0)
        _, triangle = np.linalg.qr(design / scale)
        point = np.array([1.0, gigabytes, wal_gigabytes]) / scale
        return float(np.sum(np.linalg.solve(triangle.T, point) ** 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What one restore of production would take, and between what it lies at CONFIDENCE."""

    production: Production
    seconds: float
    lower_seconds: float
    upper_seconds: float
    bound: Bound

    @property
    def promise(self) -> Promise:
        if self.upper_seconds <= self.production.rto_seconds:
            return Promise.MET
        if self.lower_seconds > self.production.rto_seconds:
            return Promise.MISSED
        return Promise.UNCERTAIN

    @property
    def verdict(self) -> str:
        """One sentence: the size, the time, and what becomes of the RTO."""
        rto = self.production.rto_seconds
        seconds, lower, upper = (
            _beside(one, rto) for one in (self.seconds, self.lower_seconds, self.upper_seconds)
        )
        becomes = "is" if self.promise is Promise.UNCERTAIN else "would be"
        return (
            f"{size_text(self.production)}: {seconds} ({lower} to {upper}):"
            f" an RTO of {duration_text(rto)} {becomes} {self.promise}"
        )


def fit(measurements: Sequence[Measurement]) -> Cost:
    """Fit the line by least squares, with no coefficient below zero.

    More data never makes a restore quicker: a coefficient below zero would be noise. Method:
    Lawson and Hanson, "Solving Least Squares Problems", NNLS.

    Raises:
        ValueError: the measurements are too few, too alike, or not numbers that make sense.
    """
    _must_tell_apart(measurements)
    design = _design(measurements)
    taken = np.array([one.seconds for one in measurements])
    scale, longest = design.max(axis=0), float(taken.max())  # nnls has absolute tolerances
    scaled, _ = nnls(design / scale, taken / longest)
    coefficients = scaled * longest / scale
    residuals = taken - design @ coefficients
    fixed, per_gigabyte, per_wal_gigabyte = map(float, coefficients)
    return Cost(
        measurements=tuple(measurements),
        fixed_seconds=fixed,
        seconds_per_gigabyte=per_gigabyte,
        seconds_per_wal_gigabyte=per_wal_gigabyte,
        residual_seconds=math.sqrt(
            float(residuals @ residuals) / (len(measurements) - _COEFFICIENTS)
        ),
    )


def project(cost: Cost, production: Production) -> Projection:
    """Carry the line on to production's size.

    No gigabyte of the database is restored more quickly than the stated network carries it.
    Where that bounds it, the interval keeps the half width that the measurements give at
    that size; its lower end is never below what the network alone takes.
    """
    size = production.database_gigabytes
    network = 8 / production.gigabits_per_second  # seconds for each GB
    slower = max(0.0, network - cost.seconds_per_gigabyte)
    seconds = cost.seconds_at(size, production.wal_gigabytes) + slower * size
    half_width = cost.half_width_at(size, production.wal_gigabytes)
    return Projection(
        production=production,
        seconds=seconds,
        lower_seconds=max(seconds - half_width, min(network * size, seconds)),
        upper_seconds=seconds + half_width,
        bound=Bound.NETWORK if slower else Bound.MEASURED,
    )


def size_text(production: Production) -> str:
    return (
        f"{_number(production.database_gigabytes)} GB and"
        f" {_number(production.wal_gigabytes)} GB of WAL"
        f" on {_number(production.gigabits_per_second)} Gbit/s"
    )


def duration_text(seconds: float) -> str:
    """A duration as people say it, to the nearest of its second largest unit: 1 h 22 min."""
    if seconds < _MINUTE:
        return seconds_text(seconds)
    finest = 1 if seconds < _HOUR else _MINUTE if seconds < _DAY else _HOUR
    whole = round(seconds / finest) * finest
    parts = (
        (whole // _DAY, "d"),
        (whole % _DAY // _HOUR, "h"),
        (whole % _HOUR // _MINUTE, "min"),
        (whole % _MINUTE, "s"),
    )
    return " ".join(f"{number:,} {unit}" for number, unit in parts if number)


def _must_tell_apart(measurements: Sequence[Measurement]) -> None:
    for one in measurements:
        if not _makes_sense(one):
            raise ValueError(
                f"{one} is no restore that could have been measured; measure it again"
            )
    sizes = len({one.database_bytes for one in measurements})
    if sizes < _FEWEST_SIZES:
        raise ValueError(
            f"a cost needs databases of {_FEWEST_SIZES} sizes or more, and {sizes} were"
            " measured; restore databases of further sizes"
        )
    needed = _COEFFICIENTS + _SPARE_MEASUREMENTS
    if len(measurements) < needed:
        raise ValueError(
            f"a cost needs {needed} measurements or more, and there are {len(measurements)};"
            " repeat restores"
        )
    if len({one.wal_bytes for one in measurements}) == 1:
        raise ValueError(
            "every restore replayed the same amount of WAL, so its cost cannot be told;"
            " measure with different amounts"
        )
    design = _design(measurements)
    if np.linalg.matrix_rank(design / design.max(axis=0), tol=_SAME) < _COEFFICIENTS:
        raise ValueError(
            "the sizes of databases and WAL hardly vary apart from each other, so their costs"
            " cannot be told apart; measure each size with little and with much WAL"
        )


def _makes_sense(one: Measurement) -> bool:
    return (  # False for what is not a number, too: it compares as False
        0 < one.database_bytes <= _MOST_BYTES
        and 0 <= one.wal_bytes <= _MOST_BYTES
        and 0 < one.seconds <= _MOST_SECONDS
    )


def _design(measurements: Sequence[Measurement]) -> NDArray[np.float64]:
    return np.array([(1.0, one.gigabytes, one.wal_gigabytes) for one in measurements])


def _beside(seconds: float, rto_seconds: float) -> str:
    """Seconds as text that never looks like the RTO where it is not the RTO."""
    text, rto = duration_text(seconds), duration_text(rto_seconds)
    if text != rto or seconds == rto_seconds:
        return text
    return f"just {'above' if seconds > rto_seconds else 'below'} {rto}"


def _number(value: float) -> str:
    return f"{value:,.6g}"
