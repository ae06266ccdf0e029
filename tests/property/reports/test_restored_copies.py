"""Belief: a restored copy is compared as slow, obvious loops over the attempts would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from reports.ledger import FINAL_READ
from reports.restorations import Comparison, Restoration, compare
from tests.property.reports.histories import (
    as_final_read,
    as_ledger,
    attempts,
    final_reads,
    quarters,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.property.reports.reference import Attempt, Row

EXAMPLES = settings(max_examples=150, deadline=None)


def restored(earliest: float, latest: float, checks: Sequence[str] = ()) -> Restoration:
    return Restoration(
        repository="east-backup", kind="full", label="20260301F", asked="the backup alone",
        seconds=7.0, earliest=earliest, latest=latest, file="restored-1.bin", rows=0,
        checks=checks,
    )  # fmt: skip


def compared(tried: Sequence[Attempt], rows: Sequence[Row], copy: Restoration) -> Comparison:
    found = as_final_read(rows)
    return compare(as_ledger(tried), np.empty(0, FINAL_READ) if found is None else found, copy)


def in_time(tried: Sequence[Attempt], earliest: float) -> set[int]:
    """The keys that customers were told are taken before the moment to reach."""
    return {
        one.key
        for one in tried
        if one.told == "YES" and one.ended is not None and one.ended < earliest
    }


def too_late(tried: Sequence[Attempt], latest: float) -> set[int]:
    """The keys that nobody had tried by the moment to stop at."""
    return {one.key for one in tried} - {one.key for one in tried if one.began <= latest}


@st.composite
def copies(draw: st.DrawFn) -> tuple[list[Attempt], list[Row], Restoration]:
    tried = draw(st.lists(attempts(), max_size=16))
    earliest = draw(quarters(0, 24))
    rows = draw(final_reads(tried)) or []
    return tried, rows, restored(earliest, earliest + draw(quarters(0, 4)))


@EXAMPLES
@given(copies())
def test_it_is_what_slow_loops_say(case: tuple[list[Attempt], list[Row], Restoration]) -> None:
    tried, rows, copy = case
    found = compared(tried, rows, copy)
    due, late = in_time(tried, copy.earliest), too_late(tried, copy.latest)
    keys = [row.key for row in rows]
    lost, beyond = sorted(due - set(keys)), sorted(late & set(keys))
    event(f"lost {min(len(lost), 1)}, beyond {min(len(beyond), 1)}")
    ever, written = {one.key for one in tried}, {(one.key, one.value) for one in tried}
    assert found.acknowledged == len(due)
    assert (found.lost, list(found.lost_examples)) == (len(lost), lost[:10])
    assert (found.beyond, list(found.beyond_examples)) == (len(beyond), beyond[:10])
    assert found.unwritten == sum(row.key not in ever for row in rows)
    assert found.corrupted == sum(
        row.key in ever and (row.key, row.value) not in written for row in rows
    )
    assert found.duplicated == len(keys) - len(set(keys))
    assert found.damaged == 0
    wrong = (found.lost, found.beyond, found.unwritten, found.corrupted, found.duplicated)
    assert found.whole == (not any(wrong))


@EXAMPLES
@given(copies(), quarters(0, 6))
def test_asking_for_a_wider_window_finds_no_more_wrong(
    case: tuple[list[Attempt], list[Row], Restoration], by: float
) -> None:
    tried, rows, copy = case
    narrow = compared(tried, rows, copy)
    wide = compared(tried, rows, restored(copy.earliest - by, copy.latest + by))
    assert wide.lost <= narrow.lost
    assert wide.beyond <= narrow.beyond
    assert wide.acknowledged <= narrow.acknowledged


def test_a_failed_check_alone_leaves_no_copy_whole() -> None:
    assert compared([], [], restored(0, 0)).whole
    assert not compared([], [], restored(0, 0, ["1 page is damaged"])).whole
