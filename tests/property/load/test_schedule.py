"""We believe that each arrival is due exactly when the integral of the rate says so.

Held against a slow reference that knows nothing of quadratics: the rate, added up in thin
slices.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fixtures.load.schedule import Knot, Schedule

RATES = st.one_of(st.just(0.0), st.floats(0.01, 2_000))
LONGEST = 20.0


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Ramps, steps and pauses, one after the other, and a rate that goes on."""
    seconds = 0.0
    knots: list[Knot] = [(seconds, draw(RATES))]
    for _ in range(draw(st.integers(0, 5))):
        seconds += draw(st.one_of(st.just(0.0), st.floats(0.01, 4)))
        knots.append((seconds, draw(RATES)))
    seconds += draw(st.floats(0, 1))
    return Schedule((*knots, (seconds, draw(st.floats(0.01, 2_000)))))


MOMENTS = st.floats(0, LONGEST)


def _sliced(schedule: Schedule, since: float, until: float, slices: int = 20_000) -> float:
    width = (until - since) / slices
    return width * sum(schedule.rate(since + (one + 0.5) * width) for one in range(slices))


@given(schedules(), MOMENTS)
def test_arrivals_are_the_rate_added_up(schedule: Schedule, moment: float) -> None:
    pieces = [0.0, *(min(seconds, moment) for seconds, _ in schedule.knots), moment]
    reference = sum(
        _sliced(schedule, since, until, slices=200) for since, until in pairwise(pieces)
    )

    assert schedule.arrivals(moment) == pytest.approx(reference, rel=1e-6, abs=1e-6)


@given(schedules(), st.floats(0, 10_000))
def test_an_arrival_is_due_when_so_many_have_arrived(schedule: Schedule, number: float) -> None:
    due = schedule.due(number)

    assert schedule.arrivals(due) == pytest.approx(number, rel=1e-9, abs=1e-6)


@given(schedules(), st.floats(0.001, 10_000))
def test_and_no_earlier(schedule: Schedule, number: float) -> None:
    due = schedule.due(number)
    earlier = due - 1e-3
    assume(earlier > 0)

    assert schedule.arrivals(earlier) < number


@given(schedules())
def test_no_arrival_overtakes_another(schedule: Schedule) -> None:
    due = [schedule.due(number) for number in range(500)]

    assert due[0] == 0
    assert all(later >= earlier for earlier, later in pairwise(due))


@given(schedules(), MOMENTS, st.integers(1, 7))
def test_each_arrival_is_somebodys_and_nobody_elses(
    schedule: Schedule, until: float, users: int
) -> None:
    """As customers do it: the one at place p takes number p, p + users and so on."""
    assume(schedule.arrivals(until) < 5_000)
    taken = []
    for place in range(users):
        number = place
        while schedule.due(number) <= until:
            taken.append(number)
            number += users

    assert sorted(taken) == list(range(len(taken)))
    assert floor(schedule.arrivals(until) - 1e-6) + 1 <= len(taken) + 1
    assert len(taken) <= ceil(schedule.arrivals(until) + 1e-6) + 1


@given(schedules(), st.floats(0, 5), schedules(), MOMENTS)
def test_a_change_leaves_alone_what_was_due_before_it(
    first: Schedule, pause: float, later: Schedule, moment: float
) -> None:
    at = first.knots[-1][0] + pause
    both = first.then(at, later.knots)

    if moment < at:
        assert both.arrivals(moment) == first.arrivals(moment)
        assert both.rate(moment) == first.rate(moment)
    else:
        expected = first.arrivals(at) + later.arrivals(moment - at)
        assert both.arrivals(moment) == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert both.peak == max(first.peak, later.peak)


def test_a_change_before_the_last_one_is_through_is_refused() -> None:
    busy = Schedule.steady(10).then(5, [(0, 10), (20, 40), (20, 10)])

    with pytest.raises(ValueError, match="let one shape end before the next begins"):
        busy.then(24.9, [(0, 10)])
    assert busy.then(25, [(0, 20)]).rate(26) == 20


@pytest.mark.parametrize(
    ("knots", "why"),
    [
        ((), "one at the least"),
        (((0, float("nan")),), "finite"),
        (((0, 1), (float("inf"), 2)), "finite"),
        (((0, 1), (2, 2), (1, 3)), "must not go back"),
        (((0, -1), (1, 2)), "must not be below 0"),
        (((0, 1), (1, 0)), "the last one not 0 either"),
    ],
)
def test_what_is_no_schedule_is_refused(knots: tuple[Knot, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Schedule(knots)


def test_a_rate_that_is_steady_has_evenly_spaced_arrivals() -> None:
    steady = Schedule.steady(50)

    assert [steady.due(number) for number in (0, 1, 50, 5_000)] == [0, 0.02, 1, 100]


def test_a_ramp_from_nothing() -> None:
    ramp = Schedule(((0, 0), (10, 20)))  # 20 a second after 10 s: t²

    assert [ramp.due(number) for number in (1, 4, 25, 100, 120)] == [1, 2, 5, 10, 11]
