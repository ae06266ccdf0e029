"""Belief: what must not matter does not, and nothing bad ever makes a verdict better."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reports.recovery import judge, measure
from reports.verdict import Objectives, Outcome
from tests.property.reports import reference
from tests.property.reports.histories import (
    as_final_read,
    as_injections,
    as_ledger,
    as_taken_back,
    as_watch,
    demands,
    drills,
    judged,
    measured,
    plausible_drills,
)
from tests.property.reports.reference import Attempt, Back, Demand, Drill, Fault, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES = settings(max_examples=100, deadline=None)


def later(seconds: float | None, by: float) -> float | None:
    return None if seconds is None else seconds + by


def moved(attempts: Sequence[Attempt], by: float) -> list[Attempt]:
    return [replace(one, began=one.began + by, ended=later(one.ended, by)) for one in attempts]


def shifted(drill: Drill, by: float) -> Drill:
    return replace(
        drill,
        attempts=moved(drill.attempts, by),
        reads=moved(drill.reads, by),
        faults=[
            Fault(one.started + by, later(one.took_effect, by), later(one.gone, by))
            for one in drill.faults
        ],
        back=drill.back and Back(drill.back.to + by, drill.back.stopped + by),
        steady=drill.steady + by,
        stopped=drill.stopped + by,
    )


@EXAMPLES
@given(drills, st.integers(0, 2**32 - 1))
def test_the_order_of_records_and_rows_changes_nothing(drill: Drill, seed: int) -> None:
    random = np.random.default_rng(seed)
    final_read = as_final_read(drill.rows)
    again = measure(
        random.permutation(as_ledger(drill.attempts, drill.reads)),
        None if final_read is None else random.permutation(final_read),
        injections=as_injections(drill)[::-1],
        watch=as_watch(drill),
        settle_seconds=drill.settle,
        taken_back=as_taken_back(drill),
    )
    first_faults = {fault.started for fault in drill.faults}
    assume(len(first_faults) == len(drill.faults))
    assert again == measured(drill)


@EXAMPLES
@given(drills, demands, st.sampled_from((-(2.0**20), 0.25, 2.0**30)))
def test_the_clock_changes_nothing(drill: Drill, demand: Demand, by: float) -> None:
    assert judged(shifted(drill, by), demand) == judged(drill, demand)


@EXAMPLES
@given(drills, demands, st.data())
def test_a_lost_write_never_makes_a_verdict_better(
    drill: Drill, demand: Demand, data: st.DataObject
) -> None:
    taken = [one for one in drill.attempts if one.told == "YES"]
    assume(taken and drill.rows is not None)
    like = data.draw(st.sampled_from(taken))
    lost = replace(like, key=1_000, value=1)
    worse = replace(drill, attempts=[*drill.attempts, lost])
    # One more quick answer does make these better.
    demand = replace(demand, p95=None, availability=None)
    before, after = judged(drill, demand).outcome, judged(worse, demand).outcome
    assert after is before or after is Outcome.MISSED
    assert judged(worse, replace(demand, rpo=0.0)).outcome is not Outcome.MET


@EXAMPLES
@given(plausible_drills(), demands, st.data())
def test_a_row_that_vanishes_is_never_met_when_none_may_be_lost(
    drill: Drill, demand: Demand, data: st.DataObject
) -> None:
    rows = [
        Row(one.key, one.value, settled=True) for one in drill.attempts if one.told == "YES"
    ]
    assume(rows)
    vanished = data.draw(st.sampled_from(rows))
    strict = replace(demand, rpo=0.0)
    whole = judged(replace(drill, rows=rows), strict).outcome
    rows.remove(vanished)
    torn = judged(replace(drill, rows=rows), strict).outcome
    assert torn is not Outcome.MET
    assert torn is Outcome.MISSED or whole is Outcome.INCONCLUSIVE


@EXAMPLES
@given(plausible_drills(), demands, st.data())
def test_a_longer_outage_never_turns_missed_into_met(
    drill: Drill, demand: Demand, data: st.DataObject
) -> None:
    rows = [Row(one.key, one.value, settled=True) for one in drill.attempts if one.told != "NO"]
    drill = replace(drill, rows=rows)
    outages = reference.outages(drill)
    assume(outages)
    outage = data.draw(st.sampled_from(outages))
    next_write = reference.restoring_write(drill, after=outage.began)
    assume(next_write is not None)
    attempts = [
        replace(one, told="UNKNOWN") if one is next_write else one for one in drill.attempts
    ]
    longer = replace(drill, attempts=attempts)
    recovery = measured(longer)
    # A lower bound ends with the watch; an outage that is over may end with a late answer.
    assert recovery.rto_is_lower_bound or recovery.rto_seconds >= measured(drill).rto_seconds
    if judged(drill, demand).outcome is Outcome.MISSED:
        assert judged(longer, demand).outcome is not Outcome.MET


@EXAMPLES
@given(drills, demands, st.sampled_from(("obstacles", "breaches", "doubts")))
def test_a_reason_against_it_is_never_met(drill: Drill, demand: Demand, kind: str) -> None:
    def said(of: str) -> list[str]:
        return ["the sky fell"] if kind == of else []

    verdict = judge(
        measured(drill),
        Objectives(rto_seconds=demand.rto, rpo_seconds=demand.rpo),
        injections=as_injections(drill),
        watch=as_watch(drill),
        obstacles=said("obstacles"),
        breaches=said("breaches"),
        doubts=said("doubts"),
    )
    assert verdict.outcome is not Outcome.MET
    assert "the sky fell" in verdict.reasons


@EXAMPLES
@given(drills, demands)
def test_stricter_objectives_never_turn_missed_into_met(drill: Drill, demand: Demand) -> None:
    stricter = replace(demand, rto=demand.rto / 2, rpo=0.0)
    if judged(drill, demand).outcome is not Outcome.MET:
        assert judged(drill, stricter).outcome is not Outcome.MET


def test_a_history_can_be_met_at_all() -> None:
    attempts = [
        Attempt(number, number, number / 4, number / 4 + 0.125, "YES") for number in range(81)
    ]
    drill = Drill(
        attempts=attempts,
        rows=[Row(one.key, one.value, settled=True) for one in attempts],
        faults=[Fault(5.0, 5.25, 10.0)],
        steady=0.0,
        stopped=20.0,
        settle=1.0,
    )
    assert judged(drill, Demand(1.0, 0.0, None, None)).outcome is Outcome.MET
