"""Belief: how a stack scaled is told as the slow, obvious reference tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.property.reports import reference_of_scaling as reference
from tests.property.reports.reference import Attempt
from tests.property.reports.scaling_histories import (
    histories,
    measured,
    missed,
    outcome,
    plausible_histories,
    timed,
    wishes,
)

if TYPE_CHECKING:
    from tests.property.reports.reference_of_scaling import History, Wish

EXAMPLES = settings(max_examples=150, deadline=None)


@EXAMPLES
@given(histories)
def test_growths_are_those_of_the_reference(history: History) -> None:
    scaling = measured(history)
    seen = reference.growths(history)
    event(f"{min(len(seen), 3)} growths")
    assert [
        (one.crossed_at, one.decided_at, one.grown_at, one.seconds, one.before, one.after)
        for one in scaling.growths
    ] == [
        (one.crossed, one.decided, one.grown, one.seconds, one.before, one.after)
        for one in seen
    ]
    assert scaling.scale_out_seconds == max((one.seconds for one in seen), default=None)
    assert scaling.scale_out_is_lower_bound == any(one.grown is None for one in seen)
    for growth, known in zip(scaling.growths, seen, strict=True):
        assert [(way.instance, list(way.parts)) for way in growth.ways] == [
            (name, reference.way(history, known, name))
            for name in reference.newcomers(history, known)
        ]


@EXAMPLES
@given(histories)
def test_decisions_are_counted_as_by_the_reference(history: History) -> None:
    scaling = measured(history)
    event(f"{min(len(reference.turns(history)), 2)} turns")
    assert scaling.undecided_seconds == reference.undecided(history)
    assert list(scaling.turns_seconds) == reference.turns(history)
    assert scaling.departures == len(reference.leavings(history))
    assert scaling.most_needed == reference.needed(history)
    assert scaling.widest_gap_seconds == reference.widest_gap(history)


@EXAMPLES
@given(histories)
def test_what_customers_got_is_that_of_the_reference(history: History) -> None:
    scaling = measured(history)
    growing, grown = reference.growing(history), reference.grown(history)
    event(f"dropped {min(scaling.dropped, 2)}, grown {bool(grown)}, growing {bool(growing)}")
    assert scaling.requests_growing == len(growing)
    assert scaling.failed_growing == reference.among_failed(history, growing)
    assert scaling.p95_growing_seconds == reference.p95(history, growing)
    assert scaling.requests_grown == len(grown)
    assert scaling.failed_grown == reference.among_failed(history, grown)
    assert scaling.p95_grown_seconds == reference.p95(history, grown)
    assert scaling.dropped == len(reference.dropped(history))
    failed = reference.failed_in_surge(history)
    refusals = [one for one in failed if one.told == "NO"]
    assert scaling.refused == len(refusals)
    assert scaling.failed_otherwise == len(failed) - len(refusals)
    assert scaling.p95_refusal_seconds == reference.p95(history, refusals)


@EXAMPLES
@given(plausible_histories())
def test_what_one_carries_is_what_the_reference_counts(history: History) -> None:
    scaling = measured(history)
    event(f"{len(scaling.capacities)} numbers of instances")
    carried = {count: reference.carried(history, count) for count in range(1, 9)}
    assert [
        (one.instances, one.orders_per_second, one.samples) for one in scaling.capacities
    ] == [
        (count, reference.middle(rates), len(rates))
        for count, rates in carried.items()
        if rates
    ]
    for one in scaling.capacities:
        fewest = scaling.capacities[0].orders_per_second
        assert one.linearity == one.orders_per_second / fewest


@EXAMPLES
@given(histories)
def test_the_load_is_held_to_its_shape_as_by_the_reference(history: History) -> None:
    offered = measured(history).offered
    event(f"follows {reference.follows(history)}")
    off = [abs(tried - asked) / (asked / 10 + 1) for asked, tried in reference.windows(history)]
    assert (offered is None) == (not off)
    if offered is not None:
        assert offered.deviation == pytest.approx(max(off))
        assert offered.follows == reference.follows(history) or max(off) == pytest.approx(1)


@EXAMPLES
@given(histories, wishes)
def test_what_was_missed_is_what_the_reference_misses(history: History, wish: Wish) -> None:
    expected = reference.misses(history, wish)
    for one in expected:
        event(one)
    assert missed(history, wish) == expected


@EXAMPLES
@given(plausible_histories(), wishes)
def test_the_outcome_is_that_of_the_reference(history: History, wish: Wish) -> None:
    if not reference.follows(history):
        expected = "INCONCLUSIVE"
    elif reference.misses(history, wish):
        expected = "MISSED"
    else:
        expected = "INCONCLUSIVE" if reference.doubts(history, wish) else "MET"
    event(expected)
    assert outcome(history, wish) == expected


@EXAMPLES
@given(histories, wishes, st.sampled_from((-(2.0**20), 0.25, 2.0**30)))
def test_the_clock_changes_nothing(history: History, wish: Wish, by: float) -> None:
    later = timed(history, lambda at: at + by)
    assert outcome(later, wish) == outcome(history, wish)
    assert missed(later, wish) == missed(history, wish)


@EXAMPLES
@given(histories, wishes, st.data())
def test_a_prompt_answer_more_never_makes_it_worse(
    history: History, wish: Wish, data: st.DataObject
) -> None:
    began = data.draw(st.integers(0, 160)) / 4
    answer = Attempt(10_000, 1, began, began, "YES", seen="PAID")
    better = replace(history, reads=[*history.reads, answer])
    assert missed(better, wish) <= missed(history, wish)


@EXAMPLES
@given(plausible_histories(), wishes, st.data())
def test_a_request_more_that_fails_never_makes_it_better(
    history: History, wish: Wish, data: st.DataObject
) -> None:
    began = data.draw(st.integers(0, 160)) / 4
    told = data.draw(st.sampled_from(("UNKNOWN", "PENDING")))
    ended = None if told == "PENDING" else history.stopped
    assume(began <= history.stopped)
    lost = Attempt(10_000, 1, began, ended, told)
    worse = replace(history, reads=[*history.reads, lost])
    assert missed(worse, wish) >= missed(history, wish)


@EXAMPLES
@given(histories, wishes)
def test_wishing_for_less_never_misses_more(history: History, wish: Wish) -> None:
    easier = replace(
        wish, scale_out=wish.scale_out * 2, p95=wish.p95 * 2, dropped=wish.dropped + 1,
        overshoot=wish.overshoot + 1, reversals=wish.reversals + 1, errors=1.0,
        reversal_seconds=wish.reversal_seconds / 2, maximum=wish.maximum + 1,
    )  # fmt: skip
    assert missed(history, easier) <= missed(history, wish)
