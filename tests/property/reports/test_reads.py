"""Belief: a read contradicts what its customer was told before it began, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from reports.reads import Contradictions, contradictions, reads_of
from reports.verdict import Outcome
from reports.writes import writes_of
from tests.property.reports.histories import (
    as_ledger,
    demands,
    judged,
    plausible_drills,
    quarters,
)
from tests.property.reports.reference import Attempt, Demand, Drill
from tests.property.reports.reference_of_reads import count_reads, keys_of_reads

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES = settings(max_examples=200, deadline=None)


@st.composite
def conversations(draw: st.DrawFn) -> Drill:
    """Few customers talk of few orders, at moments that often coincide."""

    def attempt(seen: str, began: float, took: float, customer: int, key: int) -> Attempt:
        return Attempt(key, 0, began, began + took, "YES", customer, seen)

    fields = (
        quarters(0, 4), st.sampled_from((0.0, 0.0, 0.25, 1.0)), st.integers(0, 1),
        st.integers(-1, 1),
    )  # fmt: skip
    created = st.builds(attempt, st.sampled_from(("UNKNOWN", "PENDING", "PAID")), *fields)
    seen = ("ABSENT", "ANOTHER", "PENDING", "PAID", "PAID", "WRONG", "UNKNOWN")
    read = st.builds(attempt, st.sampled_from(seen), *fields)
    writes = draw(st.lists(created, max_size=4))
    refused = draw(st.lists(created.map(lambda one: replace(one, told="UNKNOWN")), max_size=1))
    reads = draw(st.lists(read, max_size=10))
    return Drill([*writes, *refused], None, (), 0.0, 5.0, 1.0, reads=reads)


def found(writes: Sequence[Attempt], reads: Sequence[Attempt]) -> Contradictions:
    ledger = as_ledger(writes, reads)
    creates, damaged = writes_of(ledger)
    assert damaged == 0
    return contradictions(creates, reads_of(ledger))


@EXAMPLES
@given(conversations())
def test_each_is_found_and_counted_once(drill: Drill) -> None:
    told = found(drill.attempts, drill.reads)
    event(f"stale {min(told.stale, 1)}, unordered {min(told.unordered, 1)}")
    assert told.stale == count_reads(drill, "stale")
    assert told.unordered == count_reads(drill, "unordered")
    assert told.wrong == count_reads(drill, "wrong")
    assert list(told.stale_examples) == keys_of_reads(drill, "stale", "unordered")
    assert list(told.wrong_examples) == keys_of_reads(drill, "wrong")


@EXAMPLES
@given(conversations())
def test_what_overlaps_never_contradicts(drill: Drill) -> None:
    at_once = [replace(one, began=1.0, ended=2.0) for one in drill.reads]
    writes = [replace(one, began=0.0, ended=1.0) for one in drill.attempts]
    told = found(writes, at_once)
    assert (told.stale, told.unordered) == (0, 0)


@EXAMPLES
@given(conversations())
def test_one_order_at_a_time_never_contradicts(drill: Drill) -> None:
    """Each read is of an order of its own: nothing was ever told of it."""
    alone = [replace(one, key=number + 100) for number, one in enumerate(drill.reads)]
    told = found(drill.attempts, alone)
    assert (told.stale, told.unordered) == (0, 0)


@EXAMPLES
@given(conversations(), st.data())
def test_knowing_less_never_contradicts_more(drill: Drill, data: st.DataObject) -> None:
    kept = [one for one in drill.attempts if data.draw(st.booleans())]
    read = [one for one in drill.reads if data.draw(st.booleans())]
    less, more = found(kept, read), found(drill.attempts, drill.reads)
    assert less.stale + less.unordered <= more.stale + more.unordered
    assert less.wrong <= more.wrong


@EXAMPLES
@given(plausible_drills(), demands, st.sampled_from(("ABSENT", "ANOTHER", "PENDING", "WRONG")))
def test_an_older_order_than_was_acknowledged_is_never_met(
    drill: Drill, demand: Demand, seen: str
) -> None:
    paid = [one for one in drill.attempts if one.seen == "PAID"]
    assume(paid)
    of, at = paid[0], drill.stopped
    assume(of.ended is not None and of.ended < at)
    old = Attempt(of.key, of.value, at, at, "UNKNOWN", of.customer, seen)
    worse = replace(drill, reads=[*drill.reads, old])
    demand = replace(demand, stale=0)
    before, after = judged(drill, demand).outcome, judged(worse, demand).outcome
    assert after is not Outcome.MET
    assert after is Outcome.MISSED or before is Outcome.INCONCLUSIVE


@EXAMPLES
@given(plausible_drills(), demands)
def test_what_a_scenario_allows_is_no_reason(drill: Drill, demand: Demand) -> None:
    verdict = judged(drill, replace(demand, stale=None))
    assert not any(reason.startswith("stale reads") for reason in verdict.reasons)
