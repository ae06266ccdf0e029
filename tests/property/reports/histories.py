"""Histories of drills, adversarial and plausible ones, and how to hand them to reports/.

All times are quarters of a second, which floats hold exactly: ties are frequent, and no
comparison hangs on rounding.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from reports.ledger import FINAL_READ, LEDGER, Operation, Outcome, Seen
from reports.recovery import judge, measure
from reports.verdict import Injection, Objectives, Recovery, TakenBack, Verdict, Watch
from tests.property.reports.reference import Attempt, Back, Demand, Drill, Fault, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

QUARTER = 0.25
WALL = datetime(2026, 3, 1, 12, 0, 1, 500_000, tzinfo=UTC)
KINDS = ("YES", "NO", "UNKNOWN", "PENDING")
# What an answer can show of an order, by what the customer was told.
SHOWN = {
    "YES": ("PENDING", "PAID", "UNKNOWN"),
    "NO": ("ABSENT", "UNKNOWN"),
    "UNKNOWN": ("WRONG", "ANOTHER", "UNKNOWN"),
    "PENDING": ("UNKNOWN",),
}


def quarters(least: float, most: float) -> st.SearchStrategy[float]:
    whole = st.integers(int(least / QUARTER), int(most / QUARTER))
    return whole.map(lambda number: number * QUARTER)


@st.composite
def attempts(draw: st.DrawFn, last_key: int = 12) -> Attempt:
    told = draw(st.sampled_from(KINDS))
    began, took = draw(quarters(0, 24)), draw(st.sampled_from((0.0, 0.25, 0.5, 1.0, 4.0)))
    key = draw(st.integers(0, last_key))
    value = key * 10 + draw(st.sampled_from((0, 0, 0, 1)))
    ended = None if told == "PENDING" else began + took
    customer, seen = draw(st.integers(0, 1)), draw(st.sampled_from(SHOWN[told]))
    return Attempt(key, value, began, ended, told, customer, seen)


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    started = draw(quarters(2, 16))
    took_effect = started + draw(st.sampled_from((0.0, 0.25, 0.5, 2.0)))
    gone = took_effect + draw(quarters(0, 6))
    oddity = draw(st.integers(0, 19))
    return Fault(
        started,
        None if oddity == 0 else took_effect,
        None if oddity == 1 else gone,
    )


@st.composite
def backs(draw: st.DrawFn) -> Back:
    to = draw(quarters(0, 16))
    return Back(to, to + draw(quarters(0, 6)))


strange_rows = st.builds(Row, st.integers(0, 15), st.integers(0, 159), st.booleans())


@st.composite
def final_reads(
    draw: st.DrawFn, tried: Sequence[Attempt], back: Back | None = None
) -> list[Row] | None:
    """What was acknowledged, and some of what nobody knows; often with something wrong.

    What was going on between the two moments of a restore is mostly gone with it.
    """
    if back is not None and draw(st.integers(0, 4)):
        tried = [one for one in tried if not back.to < one.began < back.stopped]
    unknown_there = draw(st.booleans())
    rows = {
        one.key: Row(one.key, one.value, settled=True)
        for one in reversed(tried)
        if one.told == "YES" or (unknown_there and one.told in {"UNKNOWN", "PENDING"})
    }
    if draw(st.booleans()):
        return list(rows.values())
    if draw(st.integers(0, 9)) == 0:
        return None
    for key in draw(st.lists(st.sampled_from(sorted(rows)), max_size=3)) if rows else ():
        rows.pop(key, None)
    strange = strange_rows
    if tried:
        again = st.sampled_from(tried).map(lambda one: Row(one.key, one.value, settled=False))
        strange |= again
    return [*draw(st.lists(strange, max_size=2)), *rows.values()]


@st.composite
def chaotic_drills(draw: st.DrawFn) -> Drill:
    # With few keys each is tried again and again, around every moment.
    one = attempts(draw(st.sampled_from((3, 12))))
    tried = draw(st.lists(one, max_size=16))
    steady = draw(quarters(0, 3))
    back = draw(st.none() | backs())
    return Drill(
        attempts=tried,
        rows=draw(final_reads(tried, back)),
        back=back,
        faults=draw(st.lists(faults(), min_size=1, max_size=3)),
        steady=steady,
        stopped=steady + draw(quarters(0, 24)),
        settle=draw(st.sampled_from((0.25, 0.5, 1.0, 2.0, 4.0))),
        reads=draw(st.lists(one, max_size=12)),
    )


@st.composite
def plausible_drills(draw: st.DrawFn) -> Drill:
    """A steady load in which failures come in runs after the fault, as they do in life."""
    every = draw(st.sampled_from((0.25, 0.5)))
    stopped = draw(quarters(16, 30))
    broken = draw(st.lists(faults(), min_size=1, max_size=2))
    fault_at = min(fault.started for fault in broken)
    bad = draw(st.lists(st.tuples(quarters(-0.5, 12), quarters(0, 5)), max_size=2))
    told, took = draw(st.sampled_from(KINDS[1:])), draw(st.sampled_from((0.0, 0.25, 1.5)))
    tried: list[Attempt] = []
    read: list[Attempt] = []
    for number in range(int(stopped / every) + draw(st.sampled_from((1, 1, 0, -1, -3, -6)))):
        began = number * every
        fails = any(0 <= began - fault_at - start <= lasts for start, lasts in bad)
        now = told if fails else "YES"
        ended = None if now == "PENDING" else began + took
        seen = "PAID" if now == "YES" else "UNKNOWN"
        if number % 2 and tried:
            of = tried[number * 7 % len(tried)].key
            read.append(Attempt(of, 0, began, ended, now, seen=seen))
        tried.append(Attempt(number, number * 10, began, ended, now, seen=seen))
    read += draw(st.lists(attempts(), max_size=draw(st.sampled_from((0, 0, 0, 2)))))
    back = draw(st.none() | backs())
    return Drill(
        attempts=tried,
        rows=draw(final_reads(tried, back)),
        back=back,
        faults=broken,
        steady=0.0,
        stopped=stopped,
        settle=draw(st.sampled_from((0.5, 1.0, 2.0, 4.0))),
        reads=draw(st.sampled_from((read, read, ()))),
    )


drills = chaotic_drills() | plausible_drills()

demands = st.builds(
    Demand,
    rto=st.sampled_from((0.5, 2.0, 4.0, 8.0, 30.0)),
    rpo=st.sampled_from((0.0, 0.0, 1.0, 4.0)),
    p95=st.sampled_from((None, None, 0.25, 1.5, 6.0)),
    unsettled=st.sampled_from((None, None, 0, 2)),
    stale=st.sampled_from((None, 0, 0, 2)),
    availability=st.sampled_from((None, None, 0.5, 0.9, 1.0)),
    read_availability=st.sampled_from((None, None, 0.5, 1.0)),
    read_outage=st.sampled_from((None, None, 2.0, 8.0)),
)


def as_ledger(written: Sequence[Attempt], read: Sequence[Attempt] = ()) -> NDArray[np.void]:
    tried = [*written, *read]
    ledger = np.zeros(len(tried), LEDGER)
    for record, attempt in zip(ledger, tried, strict=True):
        record["key"], record["value"] = attempt.key, attempt.value
        record["began"] = attempt.began
        record["ended"] = np.nan if attempt.ended is None else attempt.ended
        record["outcome"] = Outcome[attempt.told]
        record["operation"] = Operation.CREATE
        record["customer"], record["seen"] = attempt.customer, Seen[attempt.seen]
    ledger["operation"][len(written) :] = Operation.READ
    return ledger


def as_final_read(rows: Sequence[Row] | None) -> NDArray[np.void] | None:
    if rows is None:
        return None
    return np.array([(row.key, row.value, row.settled) for row in rows], FINAL_READ)


def as_injections(drill: Drill) -> list[Injection]:
    return [
        Injection(
            fault="Kill(db-1)",
            started_at=fault.started,
            took_effect_at=fault.took_effect,
            gone_at=fault.gone,
        )
        for fault in drill.faults
    ]


def as_watch(drill: Drill) -> Watch:
    return Watch(started_at=drill.steady, ended_at=drill.stopped)


def as_taken_back(drill: Drill) -> TakenBack | None:
    if drill.back is None:
        return None
    return TakenBack(to=drill.back.to, stopped=drill.back.stopped, to_wall=WALL)


def measured(drill: Drill) -> Recovery:
    return measure(
        as_ledger(drill.attempts, drill.reads),
        as_final_read(drill.rows),
        injections=as_injections(drill),
        watch=as_watch(drill),
        settle_seconds=drill.settle,
        taken_back=as_taken_back(drill),
    )


def as_objectives(demand: Demand) -> Objectives:
    return Objectives(
        rto_seconds=demand.rto,
        rpo_seconds=demand.rpo,
        p95_seconds=demand.p95,
        unsettled=demand.unsettled,
        stale_reads=demand.stale,
        availability=demand.availability,
        read_availability=demand.read_availability,
        read_outage_seconds=demand.read_outage,
    )


def judged(drill: Drill, demand: Demand) -> Verdict:
    return judge(
        measured(drill),
        as_objectives(demand),
        injections=as_injections(drill),
        watch=as_watch(drill),
    )
