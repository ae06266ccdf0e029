"""We believe that a surge is seen where orders come as it says, and nowhere else.

Ledgers are made from the schedule, as customers would: no shape is too odd to be followed,
and a load that stays as it was, or lags behind, is never taken for one that follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.load.live import lateness
from fixtures.load.schedule import Schedule
from fixtures.load.shapes import Day, Ramp, Sawtooth, Shape, Spike, Step
from fixtures.load.surges import Surge
from reports.ledger import LEDGER, Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

BEFORE = 30.0  # seconds of the base rate before the surge, and after it
TIMES = st.floats(1.5, 10)
SECONDS = st.floats(4, 20)
SHAPES = st.one_of(
    st.builds(Step, TIMES, SECONDS),
    st.builds(Spike, TIMES, SECONDS),
    st.builds(Ramp, TIMES, SECONDS, SECONDS, SECONDS),
    st.builds(Day, st.floats(2, 10), st.floats(40, 90)),
    st.builds(Sawtooth, TIMES, st.integers(1, 3), SECONDS),
)
BASES = st.floats(10, 40)


def _ledger(times: Iterable[float]) -> NDArray[np.void]:
    began = np.array(sorted(times))
    ledger = np.zeros(len(began), LEDGER)
    ledger["key"], ledger["began"] = np.arange(len(began)), began
    ledger["operation"], ledger["outcome"] = Operation.CREATE, Outcome.PENDING
    return ledger


def _arrivals(schedule: Schedule, until: float) -> list[float]:
    return [schedule.due(number) for number in range(int(schedule.arrivals(until)))]


def _moments(shape: Shape) -> Iterable[float]:
    return np.arange(BEFORE - 1, BEFORE + shape.seconds + 4, 0.1)


@given(SHAPES, BASES)
@settings(max_examples=50)
def test_orders_that_come_as_it_says_are_seen_to(shape: Shape, base: float) -> None:
    surge = Surge(shape, base)
    through = BEFORE + shape.seconds
    followed = Schedule.steady(base).then(BEFORE, surge.knots)
    ledger = _ledger(_arrivals(followed, through + 10))

    seen = [
        moment - BEFORE
        for moment in _moments(shape)
        if surge.is_seen(ledger, started_at=BEFORE, now=moment)
    ]
    assert seen
    assert surge.shows_after - 0.1 <= seen[0] <= surge.shows_after + 0.5
    assert lateness(ledger, surge.schedule, since=BEFORE, until=through) <= 1 / base
    assert not surge.is_over(ledger, started_at=BEFORE, now=through + surge.window - 0.01)
    assert surge.is_over(ledger, started_at=BEFORE, now=through + surge.window + 0.01)


@given(SHAPES, BASES)
@settings(max_examples=50)
def test_a_load_that_stays_as_it_was_follows_nothing(shape: Shape, base: float) -> None:
    surge = Surge(shape, base)
    ledger = _ledger(_arrivals(Schedule.steady(base), BEFORE + shape.seconds + 10))

    assert not any(
        surge.is_seen(ledger, started_at=BEFORE, now=moment) for moment in _moments(shape)
    )


@given(st.floats(2, 10), BASES, st.floats(0.6, 3))
def test_a_load_that_lags_is_late_by_as_much(times: float, base: float, lag: float) -> None:
    surge = Surge(Ramp(times, 10, 5, 5), base)
    followed = Schedule.steady(base).then(BEFORE, surge.knots)
    ledger = _ledger(at if at < BEFORE else at + lag for at in _arrivals(followed, BEFORE + 20))

    late = lateness(ledger, surge.schedule, since=BEFORE, until=BEFORE + 20)
    assert late == pytest.approx(lag, abs=1 / base)


def test_where_nobody_orders_all_is_late() -> None:
    steady = Schedule.steady(10)
    assert lateness(_ledger([1.0, 2.0]), steady, since=3, until=9) == float("inf")


def test_too_fast_a_load_is_no_surge_that_is_followed_either() -> None:
    surge = Surge(Step(2, 10), 20)
    ledger = _ledger(_arrivals(Schedule(((0, 20), (BEFORE, 20), (BEFORE, 60))), BEFORE + 10))

    assert not any(
        surge.is_seen(ledger, started_at=BEFORE, now=moment)
        for moment in np.arange(BEFORE + 1, BEFORE + 10, 0.1)
    )


@pytest.mark.parametrize("shape", [Step(1.2, 60), Spike(5, 0.05), Day(1.1, 60)])
def test_a_surge_that_nobody_could_see_is_refused(shape: Shape) -> None:
    with pytest.raises(ValueError, match=r"nobody could see a .* make it higher or longer"):
        Surge(shape, 20)


def test_a_surge_reads_well() -> None:
    assert str(Surge(Step(4, 60), 20)) == "Surge from 20 to 80 orders a second"
