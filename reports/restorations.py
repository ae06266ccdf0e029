"""Backups that were restored beside the living cluster, against what customers were told. Pure.

A restored copy is a past state: between the two moments that it was asked to lie in, a
write may be in it or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.audit import duplicated, examples
from reports.writes import is_in, keys_of, told_of, writes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """One backup that was restored; times are seconds of CLOCK_MONOTONIC."""

    repository: str
    kind: str  # full, differential or incremental
    label: str
    asked: str  # how far: "the backup alone", or to which moment
    seconds: float  # from the start of the restore until rows could be read
    earliest: float  # what was acknowledged before this must be there
    latest: float  # what began after this must not
    file: str  # its rows, in the drill's folder
    rows: int
    checks: Sequence[str]  # a sentence for each that failed

    @property
    def backup(self) -> str:
        return f"the {self.kind} backup {self.label} from {self.repository} ({self.asked})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the restored copy says of the writes.

    Lost and beyond are counted by key, corrupted, unwritten and duplicated by row.
    """

    restoration: Restoration
    acknowledged: int  # before ``earliest``: what could be lost at all
    lost: int
    lost_examples: Sequence[int]  # keys, ten at the most
    beyond: int
    beyond_examples: Sequence[int]  # keys, ten at the most
    corrupted: int  # rows with a value that nobody wrote under that key
    unwritten: int  # rows that nobody ever attempted
    duplicated: int  # rows beyond the first under the same key
    damaged: int  # records of the ledger that make no sense

    @property
    def whole(self) -> bool:
        """Whether it is the state that it should be, however long it took."""
        return not (
            self.restoration.checks
            or self.lost
            or self.beyond
            or self.corrupted
            or self.unwritten
            or self.duplicated
        )


def compare(
    ledger: NDArray[np.void], rows: NDArray[np.void], restoration: Restoration
) -> Comparison:
    """Compare a restored copy's rows (records of FINAL_READ) with the whole ledger."""
    writes, damaged = writes_of(ledger)
    keys = keys_of(writes)
    present = is_in(keys.key, np.sort(np.ascontiguousarray(rows["key"])))
    must_be_there = keys.first_yes < restoration.earliest
    lost = must_be_there & ~present
    beyond = present & (keys.first_began > restoration.latest)
    told = told_of(rows, writes, keys)
    return Comparison(
        restoration=restoration,
        acknowledged=int(np.count_nonzero(must_be_there)),
        lost=int(np.count_nonzero(lost)),
        lost_examples=examples(keys, lost),
        beyond=int(np.count_nonzero(beyond)),
        beyond_examples=examples(keys, beyond),
        corrupted=int(np.count_nonzero(told.attempted & (told.told == 0))),
        unwritten=int(np.count_nonzero(~told.attempted)),
        duplicated=duplicated(rows),
        damaged=damaged,
    )
