"""The audit: what customers were told against what the final read found. Pure.

A write is a key and its value. A key may be attempted again: it is acknowledged if any
attempt was, and otherwise unknown if any attempt was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from reports.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_EXAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """Every attempt to write, in any order."""

    key: NDArray[np.int64]
    value: NDArray[np.int64]
    ended: NDArray[np.float64]
    outcome: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the final read says of the writes. Rows are counted, not keys."""

    lost: int
    lost_after_effect: int
    lost_examples: Sequence[int]
    rpo_seconds: float
    corrupted: int
    unwritten: int
    duplicated: int
    refused_present: int
    unknown_present: int
    unsettled: int


class _Told(IntEnum):
    """The most that a customer was told of a write; a greater one overrules."""

    NO = 1
    UNKNOWN = 2
    YES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """Every key that was ever attempted, ascending, and what became of it."""

    key: NDArray[np.int64]
    told: NDArray[np.uint8]
    value: NDArray[np.int64]
    has_several_values: NDArray[np.bool_]
    first_yes: NDArray[np.float64]  # infinite where never acknowledged
    last_yes: NDArray[np.float64]  # minus infinite where never acknowledged


def audit(
    writes: Writes,
    final_read: NDArray[np.void],
    *,
    fault_started_at: float,
    took_effect_at: float | None,
) -> Audit:
    keys = _keys(writes)
    rows = np.sort(np.ascontiguousarray(final_read["key"]))
    missing = (keys.told == _Told.YES) & ~_is_in(keys.key, rows)
    effect = np.inf if took_effect_at is None else took_effect_at
    after_effect = missing & (keys.last_yes >= effect)
    oldest = float(keys.first_yes[missing].min(initial=np.inf))
    duplicated = int(np.count_nonzero(rows[1:] == rows[:-1]))
    told, attempted, acknowledged = _told_of_rows(writes, keys, final_read)
    return Audit(
        lost=int(np.count_nonzero(missing)) - int(np.count_nonzero(after_effect)),
        lost_after_effect=int(np.count_nonzero(after_effect)),
        lost_examples=tuple(keys.key[missing][:_EXAMPLES].tolist()),
        rpo_seconds=max(0.0, fault_started_at - oldest),
        # An acknowledged value that gave way to another one was changed, too.
        corrupted=int(
            np.count_nonzero(attempted & ((told == 0) | (acknowledged & (told != _Told.YES))))
        ),
        unwritten=int(np.count_nonzero(~attempted)),
        duplicated=duplicated,
        refused_present=int(np.count_nonzero(~acknowledged & (told == _Told.NO))),
        unknown_present=int(np.count_nonzero(~acknowledged & (told == _Told.UNKNOWN))),
        unsettled=int(np.count_nonzero(acknowledged & (final_read["settled"] == 0))),
    )


def _keys(writes: Writes) -> _Keys:
    order = np.argsort(writes.key, kind="stable")
    key, value = writes.key[order], writes.value[order]
    told, ended = _told(writes.outcome)[order], writes.ended[order]
    firsts = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: key.size])
    if firsts.size == 0:
        return _no_keys()
    yes = told == _Told.YES
    lowest = np.minimum.reduceat(value, firsts)
    return _Keys(
        key=key[firsts],
        told=np.maximum.reduceat(told, firsts),
        value=lowest,
        has_several_values=lowest != np.maximum.reduceat(value, firsts),
        first_yes=np.minimum.reduceat(np.where(yes, ended, np.inf), firsts),
        last_yes=np.maximum.reduceat(np.where(yes, ended, -np.inf), firsts),
    )


def _no_keys() -> _Keys:
    """``reduceat`` cannot reduce nothing."""
    times = np.empty(0, np.float64)
    return _Keys(
        key=np.empty(0, np.int64),
        told=np.empty(0, np.uint8),
        value=np.empty(0, np.int64),
        has_several_values=np.empty(0, np.bool_),
        first_yes=times,
        last_yes=times,
    )


def _told(outcome: NDArray[np.uint8]) -> NDArray[np.uint8]:
    told = np.full(outcome.size, _Told.UNKNOWN, np.uint8)
    told[outcome == Outcome.YES] = _Told.YES
    told[outcome == Outcome.NO] = _Told.NO
    return told


def _is_in(wanted: NDArray[np.int64], ascending: NDArray[np.int64]) -> NDArray[np.bool_]:
    place = np.searchsorted(ascending, wanted)
    found = place < ascending.size
    found[found] = ascending[place[found]] == wanted[found]
    return found


def _told_of_rows(
    writes: Writes, keys: _Keys, final_read: NDArray[np.void]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """For each row: what was told, and whether its key was attempted and acknowledged.

    What was told is that of the row's key and value together; 0 where nobody wrote them.
    """
    key = np.ascontiguousarray(final_read["key"])
    value = np.ascontiguousarray(final_read["value"])
    attempted = _is_in(key, keys.key)
    place = np.searchsorted(keys.key, key[attempted])
    told = np.zeros(key.size, np.uint8)
    told[attempted] = np.where(keys.value[place] == value[attempted], keys.told[place], 0)
    acknowledged = attempted.copy()
    acknowledged[attempted] = keys.told[place] == _Told.YES
    several = np.flatnonzero(attempted)[keys.has_several_values[place]]
    if several.size:
        by_write = _told_by_write(writes, keys)
        told[several] = [
            by_write.get(row, 0)
            for row in zip(key[several].tolist(), value[several].tolist(), strict=True)
        ]
    return told, attempted, acknowledged


def _told_by_write(writes: Writes, keys: _Keys) -> Mapping[tuple[int, int], int]:
    """What was told of each write whose key was attempted with several values.

    No load of ours does that, so this may be slow.
    """
    among = np.flatnonzero(_is_in(writes.key, keys.key[keys.has_several_values]))
    told_of: dict[tuple[int, int], int] = {}
    attempts = zip(
        writes.key[among].tolist(),
        writes.value[among].tolist(),
        _told(writes.outcome[among]).tolist(),
        strict=True,
    )
    for key, value, told in attempts:
        told_of[key, value] = max(told, told_of.get((key, value), 0))
    return told_of
