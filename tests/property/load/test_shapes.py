"""We believe that a shape keeps what its name promises: its peak, its mean, its length."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.load.schedule import Schedule
from fixtures.load.shapes import DAY, Day, Ramp, Sawtooth, Shape, Spike, Step

TIMES = st.floats(1.01, 20)
SECONDS = st.floats(0.1, 600)
OR_NONE = st.one_of(st.just(0.0), SECONDS)
BASES = st.floats(0.1, 500)
SHAPES = st.one_of(
    st.builds(Step, TIMES, SECONDS),
    st.builds(Spike, TIMES, SECONDS),
    st.builds(Ramp, TIMES, SECONDS, OR_NONE, OR_NONE),
    st.builds(Day, TIMES, SECONDS),
    st.builds(Sawtooth, TIMES, st.integers(1, 8), SECONDS),
)


def _mean(shape: Shape, base: float) -> float:
    return Schedule(tuple(shape.knots(base))).arrivals(shape.seconds) / shape.seconds


@given(SHAPES, BASES)
def test_every_shape_begins_and_ends_at_the_base_rate_and_never_goes_below(
    shape: Shape, base: float
) -> None:
    knots = shape.knots(base)
    schedule = Schedule(tuple(knots))

    assert knots[0] == (0, base)
    assert knots[-1][0] == pytest.approx(shape.seconds)
    assert knots[-1][1] == base
    assert schedule.peak == pytest.approx(shape.times * base)
    assert min(rate for _, rate in knots) >= base


@given(TIMES, SECONDS, BASES)
def test_a_step_and_a_spike_are_all_peak(times: float, seconds: float, base: float) -> None:
    assert _mean(Step(times, seconds), base) == pytest.approx(times * base)
    assert _mean(Spike(times, seconds), base) == pytest.approx(times * base)


@given(TIMES, SECONDS, OR_NONE, OR_NONE, BASES)
def test_a_ramp_is_half_way_up_while_it_rises_and_falls(
    times: float, rise: float, hold: float, fall: float, base: float
) -> None:
    shape = Ramp(times, rise, hold, fall)
    half_way = (1 + times) / 2 * base
    total = half_way * (rise + fall) + times * base * hold

    assert _mean(shape, base) * shape.seconds == pytest.approx(total)
    assert Schedule(tuple(shape.knots(base))).rate(rise / 2) == pytest.approx(half_way)


@given(TIMES, st.integers(1, 8), SECONDS, BASES)
def test_a_sawtooth_is_half_way_up_in_the_mean_and_falls_at_once(
    times: float, teeth: int, seconds: float, base: float
) -> None:
    shape = Sawtooth(times, teeth, seconds)
    knots = shape.knots(base)
    falls = [one for one, other in pairwise(knots) if other[1] < one[1] and one[0] == other[0]]

    assert _mean(shape, base) == pytest.approx((1 + times) / 2 * base)
    assert len(falls) == teeth


@given(TIMES, SECONDS, BASES)
def test_a_day_has_two_peaks_and_a_quiet_night(
    times: float, seconds: float, base: float
) -> None:
    knots = Day(times, seconds).knots(base)
    rates = [rate for _, rate in knots]
    peaks = [
        DAY[place][0]
        for place in range(1, len(rates) - 1)
        if rates[place - 1] < rates[place] > rates[place + 1]
    ]

    assert peaks == [12, 20]
    assert Schedule(tuple(knots)).rate(seconds * 4 / 24 / 2) == base
    mean = sum((b - a) * (x + y) / 2 for (a, x), (b, y) in pairwise(DAY)) / 24
    assert _mean(Day(times, seconds), base) == pytest.approx(base * (1 + mean * (times - 1)))
    assert 0.4 < mean < 0.6


@pytest.mark.parametrize("times", [1, 0, -3, float("nan"), float("inf")])
def test_a_surge_that_is_none_is_refused(times: float) -> None:
    makers = (
        lambda: Step(times, 5), lambda: Spike(times), lambda: Ramp(times, 5),
        lambda: Day(times, 60), lambda: Sawtooth(times, 2, 5),
    )  # fmt: skip
    for make in makers:
        with pytest.raises(ValueError, match=r"is no surge: give more than 1$"):
            make()


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_shape_without_length_or_end_is_refused(seconds: float) -> None:
    makers = (
        lambda: Step(2, seconds), lambda: Spike(2, seconds), lambda: Ramp(2, seconds),
        lambda: Day(2, seconds), lambda: Sawtooth(2, 2, seconds),
    )  # fmt: skip
    for make in makers:
        with pytest.raises(ValueError, match=r"give more than 0 s, and an end$"):
            make()


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_ramp_that_holds_or_falls_for_no_time_that_is_one_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="the hold of a ramp"):
        Ramp(2, 1, seconds)
    with pytest.raises(ValueError, match="the fall of a ramp"):
        Ramp(2, 1, 0, seconds)


def test_a_sawtooth_without_teeth_is_refused() -> None:
    with pytest.raises(ValueError, match="give 1 or more"):
        Sawtooth(2, 0, 5)


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        (Step(4, 60), "step to 4 times as many for 60 s"),
        (Spike(), "spike of 5 times as many for 5 s"),
        (
            Ramp(4, 30, 60, 30),
            "ramp to 4 times as many within 30 s, held for 60 s, and back within 30 s",
        ),
        (Day(3.5, 120), "day within 120 s, up to 3.5 times as many"),
        (Sawtooth(3, 4, 15), "sawtooth to 3 times as many, 4 teeth of 15 s"),
    ],
)
def test_a_shape_reads_well(shape: Shape, sentence: str) -> None:
    assert str(shape) == sentence
