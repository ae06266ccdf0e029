"""Belief: a cost is told only where it was measured, and a projection promises no more."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from reports.recovery_cost import (
    Bound,
    Cost,
    Measurement,
    Production,
    Projection,
    Promise,
    duration_text,
    fit,
    project,
    size_text,
)

PRODUCTION = Production(
    database_gigabytes=500, wal_gigabytes=20, gigabits_per_second=1, rto_seconds=3600
)
SIZES = ((1, 0), (1, 2), (2, 0), (2, 2), (4, 1))
NOISE = (0.3, -0.2, 0.1, -0.4, 0.2)


def restored(gigabytes: float, wal_gigabytes: float, seconds: float) -> Measurement:
    return Measurement(
        database_bytes=round(gigabytes * 1e9),
        wal_bytes=round(wal_gigabytes * 1e9),
        seconds=seconds,
    )


def measured(
    *, fixed: float = 3.0, per_gigabyte: float = 5.0, per_wal_gigabyte: float = 20.0
) -> list[Measurement]:
    return [
        restored(size, wal, fixed + per_gigabyte * size + per_wal_gigabyte * wal + noise)
        for (size, wal), noise in zip(SIZES, NOISE, strict=True)
    ]


@pytest.fixture(scope="module")
def cost() -> Cost:
    return fit(measured())


def test_the_fit_is_the_least_squares_solution(cost: Cost) -> None:
    design = np.array([(1.0, size, wal) for size, wal in SIZES])
    taken = np.array([one.seconds for one in measured()])
    expected, squares, *_ = np.linalg.lstsq(design, taken)
    found = (cost.fixed_seconds, cost.seconds_per_gigabyte, cost.seconds_per_wal_gigabyte)
    assert found == pytest.approx(expected)
    assert cost.residual_seconds == pytest.approx(math.sqrt(squares[0] / 2))
    assert cost.degrees_of_freedom == 2


def test_a_cost_below_zero_is_held_at_zero_and_the_others_fitted_anew() -> None:
    """Restores that seem to get quicker with size are noise: the mean is what is left."""
    cost = fit([replace(one, seconds=100 - one.gigabytes) for one in measured()])
    assert cost.seconds_per_gigabyte == 0
    assert cost.seconds_per_wal_gigabyte >= 0
    sizes_alone = [100 - size for size, _ in SIZES]
    predicted = [cost.seconds_at(size, wal) for size, wal in SIZES]
    assert np.mean(predicted) == pytest.approx(np.mean(sizes_alone))


def test_the_interval_is_the_one_of_the_textbooks(cost: Cost) -> None:
    """By hand: t·s·√(1 + x'(X'X)⁻¹x); 2.919986 is t at 95 % with two degrees of freedom."""
    design = np.array([(1.0, size, wal) for size, wal in SIZES])
    point = np.array([1.0, 10.0, 5.0])
    leverage = point @ np.linalg.inv(design.T @ design) @ point
    expected = 2.919986 * cost.residual_seconds * math.sqrt(1 + leverage)
    assert cost.half_width_at(10, 5) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("measurements", "why"),
    [
        ([], "databases of 3 sizes or more, and 0 were measured"),
        (
            [
                replace(one, database_bytes=min(one.database_bytes, 2 * 10**9))
                for one in measured()
            ],
            "databases of 3 sizes or more, and 2 were measured",
        ),
        (measured()[1:], "5 measurements or more, and there are 4"),
        ([replace(one, wal_bytes=7) for one in measured()], "the same amount of WAL"),
        (
            [replace(one, wal_bytes=one.database_bytes // 10) for one in measured()],
            "hardly vary apart from each other",
        ),
        (
            [replace(one, wal_bytes=10**9 - one.database_bytes // 10) for one in measured()],
            "hardly vary apart from each other",
        ),
    ],
)
def test_what_cannot_tell_a_cost_is_refused(measurements: list[Measurement], why: str) -> None:
    with pytest.raises(ValueError, match=f"{why}.*; [a-zA-Z ]+$"):
        fit(measurements)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"seconds": seconds} for seconds in (math.nan, math.inf, 0.0, -1.0, 1e10)),
        *({"database_bytes": size} for size in (0, -1, math.inf, math.nan, 10**400)),
        *({"wal_bytes": size} for size in (-1, math.inf, math.nan, 10**400)),
    ],
)
def test_numbers_that_nobody_measured_are_refused(wrong: dict[str, float]) -> None:
    first, *others = measured()
    with pytest.raises(ValueError, match=r"is no restore that could have been measured; "):
        fit([replace(first, **wrong), *others])  # type: ignore[arg-type]  # what is tested


def test_a_slow_network_bounds_the_database_alone(cost: Cost) -> None:
    """8 s carry a gigabyte on 1 Gbit/s, and a restore here takes 5 s for it."""
    projection = project(cost, PRODUCTION)
    wal = cost.seconds_per_wal_gigabyte * 20
    assert projection.bound is Bound.NETWORK
    assert projection.seconds == pytest.approx(cost.fixed_seconds + 500 * 8 + wal)
    half = cost.half_width_at(500, 20)
    assert projection.upper_seconds == pytest.approx(projection.seconds + half)
    assert projection.lower_seconds == pytest.approx(projection.seconds - half)


def test_a_quick_network_leaves_what_was_measured(cost: Cost) -> None:
    projection = project(cost, replace(PRODUCTION, gigabits_per_second=10))
    assert projection.bound is Bound.MEASURED
    assert projection.seconds == pytest.approx(cost.seconds_at(500, 20))


def test_nothing_is_quicker_than_the_network_alone() -> None:
    noisy = fit([replace(one, seconds=one.seconds + n * 9) for one, n in zip(
        measured(), NOISE, strict=True)])  # fmt: skip
    projection = project(noisy, PRODUCTION)
    assert projection.seconds - noisy.half_width_at(500, 20) < 500 * 8
    assert projection.lower_seconds == 500 * 8


def projection(seconds: float, lower: float, upper: float, rto: float = 3600) -> Projection:
    return Projection(
        production=replace(PRODUCTION, rto_seconds=rto),
        seconds=seconds,
        lower_seconds=lower,
        upper_seconds=upper,
        bound=Bound.MEASURED,
    )


@pytest.mark.parametrize(
    ("lower", "upper", "promise"),
    [
        (10, 3599, Promise.MET),
        (10, 3600, Promise.MET),
        (10, 3600.1, Promise.UNCERTAIN),
        (3600, 3601, Promise.UNCERTAIN),
        (3600.1, 3601, Promise.MISSED),
    ],
)
def test_an_rto_is_promised_only_by_the_whole_interval(
    lower: float, upper: float, promise: Promise
) -> None:
    assert projection((lower + upper) / 2, lower, upper).promise is promise


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        (
            projection(4920, 4200, 6000),
            (
                "500 GB and 20 GB of WAL on 1 Gbit/s: 1 h 22 min (1 h 10 min to 1 h 40 min):"
                " an RTO of 1 h would be MISSED"
            ),
        ),
        (
            projection(90, 61, 119.6, rto=120),
            (
                "500 GB and 20 GB of WAL on 1 Gbit/s: 1 min 30 s"
                " (1 min 1 s to just below 2 min): an RTO of 2 min would be MET"
            ),
        ),
        (
            projection(3610, 3600, 3620),
            (
                "500 GB and 20 GB of WAL on 1 Gbit/s: just above 1 h (1 h to just above 1 h):"
                " an RTO of 1 h is UNCERTAIN"
            ),
        ),
    ],
)
def test_the_verdict_is_one_sentence(shown: Projection, verdict: str) -> None:
    assert shown.verdict == verdict


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (59.99, "59.9 s"),
        (60, "1 min"),
        (61.4, "1 min 1 s"),
        (3599.6, "1 h"),
        (3629, "1 h"),
        (3631, "1 h 1 min"),
        (86_399, "1 d"),
        (90_000, "1 d 1 h"),
        (91_900, "1 d 2 h"),
        (86_400_000, "1,000 d"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_sizes_are_said_in_full() -> None:
    large = replace(PRODUCTION, database_gigabytes=123_456, gigabits_per_second=0.25)
    assert size_text(large) == "123,456 GB and 20 GB of WAL on 0.25 Gbit/s"
