"""Belief: whatever people did and when, the parts of an outage are the whole of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import event, given, settings
from hypothesis import strategies as st

from reports.phases import break_down
from reports.timeline import Entry, Event
from tests.property.reports.histories import (
    QUARTER,
    WALL,
    as_ledger,
    measured,
    quarters,
)
from tests.property.reports.reference import Attempt, Drill, Fault

EXAMPLES = settings(max_examples=100, deadline=None)
titles = st.sampled_from(("fence: a", "fence: b", "promote: c", "Look at it", ""))


@st.composite
def broken_drills(draw: st.DrawFn) -> Drill:
    """Customers who order all the while, are refused from the fault on, and stumble later."""
    until = draw(quarters(5, 24))
    stumbles = draw(st.sets(quarters(4, 24), max_size=4))
    taken_all_the_same = draw(st.sets(quarters(4, 24), max_size=4))
    attempts = []
    for number in range(120):
        began = number * QUARTER
        fails = 4 <= began < until or began in stumbles
        told = "NO" if fails and began not in taken_all_the_same else "YES"
        ended = began + draw(st.sampled_from((0.0, 0.25, 1.0)))
        attempts.append(Attempt(number, number, began, ended, told))
    return Drill(attempts, None, [Fault(4.0, 4.0, 30.0)], 0.0, 30.0, 1.0)


@st.composite
def pages(draw: st.DrawFn) -> list[Entry]:
    """Runbooks and steps begin and end at any moments; some never do either."""
    kinds = (
        Event.RUNBOOK_STARTED, Event.STEP_STARTED, Event.STEP_STARTED, Event.STEP_ENDED,
        Event.STEP_ENDED, Event.RUNBOOK_ENDED,
    )  # fmt: skip
    told = draw(
        st.lists(st.tuples(quarters(0, 30), st.sampled_from(kinds), titles), max_size=14)
    )
    return [
        Entry(at, WALL, kind, {"title": title, "allowance_seconds": 60})
        for at, kind, title in sorted(told, key=lambda moment: moment[0])
    ]


@EXAMPLES
@given(broken_drills(), pages())
def test_parts_follow_one_another_from_the_outages_start_to_its_end(
    drill: Drill, entries: list[Entry]
) -> None:
    recovery = measured(drill)
    found = break_down(entries, as_ledger(drill.attempts, drill.reads), recovery)
    event("no parts" if found is None else f"{min(len(found.phases), 4)} parts")
    if found is None:
        return
    longest = max(recovery.outages, key=lambda one: one.seconds)
    assert found.phases[0].began_at == longest.began_at
    assert found.seconds == longest.seconds == recovery.rto_seconds
    for one, following in pairwise(found.phases):
        assert one.ended_at == following.began_at
        assert one.name != following.name
    assert all(one.seconds > 0 for one in found.phases)


@EXAMPLES
@given(broken_drills(), pages())
def test_reads_are_no_part_of_it(drill: Drill, entries: list[Entry]) -> None:
    recovery = measured(drill)
    read = [replace(one, told="YES") for one in drill.attempts]
    writes_alone = break_down(entries, as_ledger(drill.attempts), recovery)
    assert break_down(entries, as_ledger(drill.attempts, read), recovery) == writes_alone
