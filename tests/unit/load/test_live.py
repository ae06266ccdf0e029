"""We believe that "customers are served" means a whole settled span, up to now.

The fast answers are held against slow, obvious ones, written here from the words alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import event, given
from hypothesis import strategies as st

from fixtures.load.live import is_steady, settled_since, sight
from reports.ledger import LEDGER, Operation, Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

Row = tuple[float, Outcome, Operation]


def _ledger(rows: list[Row]) -> NDArray[np.void]:
    ledger = np.zeros(len(rows), LEDGER)
    for place, (began, outcome, operation) in enumerate(sorted(rows, key=lambda row: row[0])):
        ended = math.nan if outcome is Outcome.PENDING else began + 0.01
        record = ledger[place]
        record["key"], record["began"], record["ended"] = place, began, ended
        record["outcome"], record["operation"] = outcome, operation
    return ledger


def _steadily(
    start: float, end: float, outcome: Outcome = Outcome.YES, *, per_second: float = 100
) -> list[Row]:
    times = np.arange(start, end - 1e-9, 1 / per_second)
    return [(float(at), outcome, Operation.CREATE) for at in times]


def _obviously_settled(rows: list[Row], since: float, settle: float, now: float) -> bool:
    orders = [row for row in rows if row[2] is Operation.CREATE and row[0] < now]
    waiting = [
        began
        for began, outcome, _ in orders
        if outcome is Outcome.PENDING and began >= now - settle - 1.0
    ]
    until = min([*waiting, now])
    taken: list[float] = []
    for began, outcome, _ in orders:
        if max(since, now - settle - 1.0) <= began < until:
            taken = [*taken, began] if outcome is Outcome.YES else []
    return len(taken) >= 10 and taken[-1] - taken[0] >= settle and taken[-1] >= now - 1.0


SPANS = st.lists(
    st.tuples(
        # Quarters meet every border exactly, in binary too.
        st.integers(1, 12).map(lambda quarters: quarters / 4),
        st.sampled_from([*[Outcome.YES] * 6, Outcome.NO, Outcome.UNKNOWN, Outcome.PENDING]),
        st.sampled_from([Operation.CREATE, Operation.CREATE, Operation.READ]),
        st.sampled_from([0, 4, 16, 32]),
    ),
    max_size=5,
)


@given(
    spans=SPANS,
    since=st.integers(0, 40).map(lambda quarters: quarters / 4),
    settle=st.integers(1, 12).map(lambda quarters: quarters / 4),
    lag=st.integers(-4, 8).map(lambda quarters: quarters / 4),
)
def test_settled_is_what_the_words_say(
    spans: list[tuple[float, Outcome, Operation, int]], since: float, settle: float, lag: float
) -> None:
    rows: list[Row] = []
    start = 0.0
    for seconds, outcome, operation, per_second in spans:
        rows += [
            (start + i / per_second, outcome, operation)
            for i in range(int(seconds * per_second))
        ]
        start += seconds
    now = start + lag

    obviously = _obviously_settled(rows, since, settle, now)
    event(f"settled: {obviously}")
    assert settled_since(_ledger(rows), since, settle, now) is obviously


def test_customers_who_are_all_served_have_settled() -> None:
    ledger = _ledger(_steadily(0, 10.02))

    assert settled_since(ledger, since=5, settle_seconds=5, now=10.02)
    assert not settled_since(ledger, since=5.1, settle_seconds=5, now=10.02)


def test_a_span_begins_with_the_first_order_taken_after_the_last_failure() -> None:
    failed = (4.995, Outcome.NO, Operation.CREATE)
    ledger = _ledger(sorted([*_steadily(0, 4.99), failed, *_steadily(5.04, 10.06)]))

    assert not settled_since(ledger, since=0, settle_seconds=5, now=10.02)
    assert settled_since(ledger, since=0, settle_seconds=5, now=10.06)


def test_a_single_failure_in_the_span_is_enough() -> None:
    ledger = _ledger([*_steadily(0, 10), (5.005, Outcome.NO, Operation.CREATE)])

    assert not settled_since(ledger, since=0, settle_seconds=5, now=10)
    assert settled_since(ledger, since=0, settle_seconds=4.9, now=10)


def test_a_stall_that_has_just_begun_does_not_count_as_served() -> None:
    ledger = _ledger(_steadily(0, 9.5) + _steadily(9.5, 10, Outcome.PENDING))

    assert settled_since(ledger, since=4, settle_seconds=5, now=10)
    assert not settled_since(ledger, since=5, settle_seconds=5, now=10)


def test_orders_that_wait_long_are_a_stall() -> None:
    ledger = _ledger(_steadily(0, 8) + _steadily(8, 10, Outcome.PENDING))

    assert not settled_since(ledger, since=0, settle_seconds=5, now=10)


def test_a_load_that_has_ended_proves_nothing() -> None:
    ledger = _ledger(_steadily(0, 10))

    assert not settled_since(ledger, since=0, settle_seconds=5, now=11.5)


def test_reads_prove_nothing() -> None:
    rows = [(began, outcome, Operation.READ) for began, outcome, _ in _steadily(0, 10)]

    assert not settled_since(_ledger(rows), since=0, settle_seconds=5, now=10)


def test_steady_is_the_asked_rate_and_all_taken() -> None:
    assert is_steady(_ledger(_steadily(0, 2)), attempts_per_second=100, now=2)
    assert not is_steady(_ledger(_steadily(0, 2)), attempts_per_second=120, now=2)
    assert not is_steady(_ledger(_steadily(0, 2)), attempts_per_second=80, now=2)
    unlucky = _ledger([*_steadily(0, 2), (1.5, Outcome.UNKNOWN, Operation.CREATE)])
    assert not is_steady(unlucky, attempts_per_second=100, now=2)


def test_few_orders_a_second_are_watched_for_longer() -> None:
    slowly = _steadily(0, 20, per_second=2)

    assert is_steady(_ledger(slowly), attempts_per_second=2, now=20)
    failed_long_ago = [*slowly[:25], (12.6, Outcome.NO, Operation.CREATE), *slowly[26:]]
    assert not is_steady(_ledger(failed_long_ago), attempts_per_second=2, now=20)


def test_sight_counts_orders_of_the_span_alone() -> None:
    rows = _steadily(0, 1, Outcome.NO) + _steadily(1, 1.5) + _steadily(1.5, 2, Outcome.PENDING)
    reads = [(1.25, Outcome.YES, Operation.READ)] * 7
    seen = sight(_ledger([*rows, *reads, *_steadily(2, 3)]), since=1, until=2)

    assert (seen.attempts, seen.taken, seen.waiting) == (100, 50, 50)
    assert seen.per_second == 100
    assert seen.p95_seconds is not None
    assert math.isclose(seen.p95_seconds, 0.01, abs_tol=1e-6)


def test_an_empty_ledger_shows_nothing() -> None:
    empty = np.empty(0, LEDGER)

    assert sight(empty, since=0, until=1).attempts == 0
    assert sight(empty, since=0, until=1).p95_seconds is None
    assert not is_steady(empty, attempts_per_second=1, now=100)
