"""Belief: whatever moment a database is taken back to, no lost write is lost track of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reports.verdict import Outcome
from tests.property.reports.histories import (
    QUARTER,
    backs,
    demands,
    drills,
    judged,
    measured,
    plausible_drills,
)
from tests.property.reports.reference import Attempt, Back

if TYPE_CHECKING:
    from reports.verdict import Recovery
    from tests.property.reports.reference import Demand, Drill

EXAMPLES = settings(max_examples=100, deadline=None)
whiles = st.integers(1, 24).map(lambda number: number * QUARTER)


def taken_back(drill: Drill, back: Back) -> Recovery:
    return measured(replace(drill, back=back))


def missing(recovery: Recovery) -> int:
    assert recovery.lost is not None
    assert recovery.lost_after_effect is not None
    return recovery.lost + recovery.lost_after_effect + (recovery.discarded or 0)


def costs(recovery: Recovery) -> tuple[int, int, int, int]:
    """Lost, lost since, discarded and beyond; all known where there is a final read."""
    found = (
        recovery.lost, recovery.lost_after_effect, recovery.discarded, recovery.beyond,
    )  # fmt: skip
    lost, since, discarded, beyond = found
    assert lost is not None
    assert since is not None
    assert discarded is not None
    assert beyond is not None
    return lost, since, discarded, beyond


@EXAMPLES
@given(drills, backs())
def test_each_missing_write_is_counted_once_whatever_the_moment(
    drill: Drill, back: Back
) -> None:
    assume(drill.rows is not None)
    assert missing(taken_back(drill, back)) == missing(measured(replace(drill, back=None)))


@EXAMPLES
@given(drills, backs(), whiles)
def test_going_back_further_gives_up_no_less(drill: Drill, back: Back, by: float) -> None:
    assume(drill.rows is not None)
    lost, since, discarded, beyond = costs(taken_back(drill, back))
    further = costs(taken_back(drill, Back(back.to - by, back.stopped)))
    assert further[0] <= lost
    assert further[1] >= since
    assert further[2] >= discarded
    assert further[3] >= beyond


@EXAMPLES
@given(drills, backs(), whiles)
def test_stopping_later_gives_up_no_less_and_makes_it_no_younger(
    drill: Drill, back: Back, by: float
) -> None:
    assume(drill.rows is not None)
    early = taken_back(drill, back)
    late = taken_back(drill, Back(back.to, back.stopped + by))
    lost, since, discarded, beyond = costs(early)
    later = costs(late)
    assert later[0] == lost
    assert later[1] <= since
    assert later[2] >= discarded
    assert later[3] >= beyond
    assert late.discarded_seconds >= early.discarded_seconds


@EXAMPLES
@given(plausible_drills(), demands, backs())
def test_no_rpo_excuses_what_was_acknowledged_by_the_moment(
    drill: Drill, demand: Demand, back: Back
) -> None:
    lost = Attempt(1_000, 1, back.to, back.to, "YES")
    worse = replace(drill, attempts=[*drill.attempts, lost], back=back)
    assert judged(worse, replace(demand, rpo=1e9)).outcome is not Outcome.MET


@EXAMPLES
@given(plausible_drills(), demands, backs())
def test_writes_tried_again_on_the_new_database_are_not_beyond(
    drill: Drill, demand: Demand, back: Back
) -> None:
    again = [
        replace(one, began=back.stopped, ended=back.stopped, told="YES")
        for one in drill.attempts
    ]
    retried = replace(drill, attempts=[*drill.attempts, *again], back=back)
    assume(drill.rows is not None)
    assert costs(measured(retried))[2:] == (0, 0)
    assert not any(reason.startswith("restored") for reason in judged(retried, demand).reasons)
