"""Belief: the line is found where there is one, and the interval holds what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reports.recovery_cost import (
    Bound,
    Cost,
    Measurement,
    Production,
    duration_text,
    fit,
    project,
)

EXAMPLES = settings(max_examples=100, deadline=None)
UNITS = {"d": 86_400, "h": 3600, "min": 60, "s": 1}

coefficients = st.tuples(*[st.floats(0.001, 1000) for _ in range(3)])
amounts = st.floats(0.01, 10_000)
productions = st.builds(
    Production,
    database_gigabytes=amounts,
    wal_gigabytes=amounts,
    gigabits_per_second=st.floats(0.001, 1000),
    rto_seconds=st.floats(1, 1e6),
)


@st.composite
def sizes(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Bytes of a database and of WAL: each size with little and with much of it."""
    smallest = draw(st.integers(10**6, 10**11))
    databases = [smallest * factor for factor in draw(st.sampled_from([(1, 2, 4), (1, 3, 9)]))]
    much = draw(st.integers(10**6, 10**11))
    return list(product(databases, (draw(st.sampled_from([0, much // 10])), much)))


def restores(
    truth: tuple[float, float, float], of: list[tuple[int, int]], noise: list[float]
) -> list[Measurement]:
    fixed, per_gigabyte, per_wal_gigabyte = truth
    return [
        Measurement(
            database_bytes=database,
            wal_bytes=wal,
            seconds=fixed
            + per_gigabyte * database / 1e9
            + per_wal_gigabyte * wal / 1e9
            + amount,
        )
        for (database, wal), amount in zip(of, noise, strict=True)
    ]


@st.composite
def costs(draw: st.DrawFn) -> Cost:
    of = draw(sizes())
    noise = draw(st.lists(st.floats(0, 5), min_size=len(of), max_size=len(of)))
    return fit(restores(draw(coefficients), of, noise))


@EXAMPLES
@given(coefficients, sizes())
def test_without_noise_the_truth_is_found(
    truth: tuple[float, float, float], of: list[tuple[int, int]]
) -> None:
    measured = restores(truth, of, [0.0] * len(of))
    cost = fit(measured)
    longest = max(one.seconds for one in measured)
    for one in measured:
        found = cost.seconds_at(one.gigabytes, one.wal_gigabytes)
        assert found == pytest.approx(one.seconds, abs=1e-9 * longest)
    assert cost.residual_seconds <= 1e-9 * longest
    found_coefficients = (
        cost.fixed_seconds,
        cost.seconds_per_gigabyte * max(one.gigabytes for one in measured),
        cost.seconds_per_wal_gigabyte * max(one.wal_gigabytes for one in measured),
    )
    expected = (
        truth[0],
        truth[1] * max(one.gigabytes for one in measured),
        truth[2] * max(one.wal_gigabytes for one in measured),
    )
    assert found_coefficients == pytest.approx(expected, rel=1e-6, abs=1e-9 * longest)


@pytest.mark.parametrize("where", [(0.2, 0.1), (5.0, 2.0)], ids=["as measured", "far beyond"])
def test_the_interval_holds_nine_restores_in_ten(where: tuple[float, float]) -> None:
    chance = np.random.default_rng(20)
    truth, noise = (30.0, 60.0, 90.0), 1.5
    of = [*product((10**8, 2 * 10**8, 4 * 10**8), (0, 10**8))] * 2
    exact = truth[0] + truth[1] * where[0] + truth[2] * where[1]
    held = 0
    for _ in range(1000):
        cost = fit(restores(truth, of, chance.normal(0, noise, len(of)).tolist()))
        new = exact + chance.normal(0, noise)
        held += abs(new - cost.seconds_at(*where)) <= cost.half_width_at(*where)
    assert 840 <= held <= 960


@EXAMPLES
@given(costs(), productions, st.floats(1, 1000))
def test_a_larger_database_is_never_quicker(
    cost: Cost, production: Production, times: float
) -> None:
    larger = replace(production, database_gigabytes=production.database_gigabytes * times)
    assert project(cost, larger).seconds >= project(cost, production).seconds


@EXAMPLES
@given(costs(), productions, st.floats(1, 1000))
def test_a_quicker_network_never_makes_it_slower(
    cost: Cost, production: Production, times: float
) -> None:
    slow = project(cost, production)
    quick = project(
        cost, replace(production, gigabits_per_second=production.gigabits_per_second * times)
    )
    assert quick.seconds <= slow.seconds
    assert quick.upper_seconds <= slow.upper_seconds
    assert quick.lower_seconds <= slow.lower_seconds
    assert (slow.bound, quick.bound) != (Bound.MEASURED, Bound.NETWORK)


@EXAMPLES
@given(costs(), productions)
def test_a_projection_lies_within_its_interval_and_above_the_network(
    cost: Cost, production: Production
) -> None:
    made = project(cost, production)
    network = 8 / production.gigabits_per_second * production.database_gigabytes
    assert made.lower_seconds <= made.seconds <= made.upper_seconds
    assert made.lower_seconds >= network * (1 - 1e-12)


@EXAMPLES
@given(costs(), st.floats(0, 100), st.floats(0, 100), st.floats(1.1, 100))
def test_the_interval_widens_away_from_what_was_measured(
    cost: Cost, databases: float, wal: float, further: float
) -> None:
    assume(databases + wal > 0.1)
    middle_database = float(np.mean([one.gigabytes for one in cost.measurements]))
    middle_wal = float(np.mean([one.wal_gigabytes for one in cost.measurements]))
    assume(cost.residual_seconds > 1e-6)

    def half_width(times: float) -> float:
        return cost.half_width_at(
            middle_database * (1 + databases * times), middle_wal * (1 + wal * times)
        )

    assert half_width(further) > half_width(1) > half_width(0)


@EXAMPLES
@given(st.floats(0, 1e9))
def test_a_duration_reads_back_to_within_half_of_its_finest_unit(seconds: float) -> None:
    text = duration_text(seconds)
    parts = re.findall(r"([\d.,]+) (d|h|min|s)(?: |$)", text)
    assert " ".join(f"{number} {unit}" for number, unit in parts) == text
    read = sum(float(number.replace(",", "")) * UNITS[unit] for number, unit in parts)
    finest = 0.2 if seconds < 60 else 1 if seconds < 3600 else 60 if seconds < 86_400 else 3600
    assert abs(read - seconds) <= finest / 2


@EXAMPLES
@given(st.integers(1, 24 * 60))
def test_whole_minutes_up_to_a_day_read_back_exactly(minutes: int) -> None:
    parts = re.findall(r"(\d+) (d|h|min)", duration_text(minutes * 60))
    assert sum(int(number) * UNITS[unit] for number, unit in parts) == minutes * 60
