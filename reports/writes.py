"""What customers tried to write: each attempt, each key, and each row of it. Pure.

A write is a key and its value. A key may be attempted again: it is acknowledged if any
attempt was, and otherwise unknown if any attempt was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from reports.ledger import Operation, Outcome, Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Told(IntEnum):
    """The most that a customer was told of a write; a greater one overrules."""

    NO = 1
    UNKNOWN = 2
    YES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """Every attempt to write, in the order in which they began."""

    customer: NDArray[np.uint32]
    key: NDArray[np.int64]
    value: NDArray[np.int64]
    began: NDArray[np.float64]
    ended: NDArray[np.float64]  # NaN for those that never ended
    outcome: NDArray[np.uint8]
    seen: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Every key that was ever attempted, ascending, and what became of it."""

    key: NDArray[np.int64]
    told: NDArray[np.uint8]
    value: NDArray[np.int64]
    has_several_values: NDArray[np.bool_]
    first_began: NDArray[np.float64]
    last_began: NDArray[np.float64]
    first_yes: NDArray[np.float64]  # infinite where never acknowledged
    last_yes: NDArray[np.float64]  # minus infinite where never acknowledged
    last_yes_began: NDArray[np.float64]  # minus infinite where never acknowledged


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """For each row that was read: what was told of its key, and of its key and value."""

    told: NDArray[np.uint8]  # of the key and the value together; 0 where nobody wrote them
    attempted: NDArray[np.bool_]
    acknowledged: NDArray[np.bool_]


def writes_of(ledger: NDArray[np.void]) -> tuple[Writes, int]:
    """The attempts to create, and how many records of the ledger are damaged."""
    began = np.ascontiguousarray(ledger["began"])
    ended = np.ascontiguousarray(ledger["ended"])
    outcome = np.ascontiguousarray(ledger["outcome"])
    operation = np.ascontiguousarray(ledger["operation"])
    seen = np.ascontiguousarray(ledger["seen"])
    known_operation = (operation == Operation.CREATE) | (operation == Operation.READ)
    sound = known_operation & is_sound(began, ended, outcome, seen)
    order = np.flatnonzero(sound & (operation == Operation.CREATE))
    order = order[np.argsort(began[order], kind="stable")]
    writes = Writes(
        customer=ledger["customer"][order],
        key=ledger["key"][order],
        value=ledger["value"][order],
        began=began[order],
        ended=ended[order],
        outcome=outcome[order],
        seen=seen[order],
    )
    return writes, ledger.size - int(np.count_nonzero(sound))


def is_sound(
    began: NDArray[np.float64],
    ended: NDArray[np.float64],
    outcome: NDArray[np.uint8],
    seen: NDArray[np.uint8],
) -> NDArray[np.bool_]:
    """Whether a record is one that a writer of ledgers could have written."""
    pending = (outcome == Outcome.PENDING) & np.isnan(ended) & (seen == Seen.UNKNOWN)
    answered = (outcome >= Outcome.YES) & (outcome <= Outcome.UNKNOWN) & (seen <= max(Seen))
    answered &= (ended >= began) & np.isfinite(ended)
    sound: NDArray[np.bool_] = np.isfinite(began) & (pending | answered)
    return sound


def keys_of(writes: Writes) -> Keys:
    order = np.argsort(writes.key, kind="stable")
    key, value = writes.key[order], writes.value[order]
    told = _told(writes.outcome)[order]
    began, ended = writes.began[order], writes.ended[order]
    firsts = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: key.size])
    if firsts.size == 0:
        return _no_keys()
    yes = told == Told.YES
    lowest = np.minimum.reduceat(value, firsts)
    return Keys(
        key=key[firsts],
        told=np.maximum.reduceat(told, firsts),
        value=lowest,
        has_several_values=lowest != np.maximum.reduceat(value, firsts),
        first_began=np.minimum.reduceat(began, firsts),
        last_began=np.maximum.reduceat(began, firsts),
        first_yes=np.minimum.reduceat(np.where(yes, ended, np.inf), firsts),
        last_yes=np.maximum.reduceat(np.where(yes, ended, -np.inf), firsts),
        last_yes_began=np.maximum.reduceat(np.where(yes, began, -np.inf), firsts),
    )


def _no_keys() -> Keys:
    """``reduceat`` cannot reduce nothing."""
    times = np.empty(0, np.float64)
    return Keys(
        key=np.empty(0, np.int64),
        told=np.empty(0, np.uint8),
        value=np.empty(0, np.int64),
        has_several_values=np.empty(0, np.bool_),
        first_began=times,
        last_began=times,
        first_yes=times,
        last_yes=times,
        last_yes_began=times,
    )


def _told(outcome: NDArray[np.uint8]) -> NDArray[np.uint8]:
    told = np.full(outcome.size, Told.UNKNOWN, np.uint8)
    told[outcome == Outcome.YES] = Told.YES
    told[outcome == Outcome.NO] = Told.NO
    return told


def is_in(wanted: NDArray[np.int64], ascending: NDArray[np.int64]) -> NDArray[np.bool_]:
    place = np.searchsorted(ascending, wanted)
    found = place < ascending.size
    found[found] = ascending[place[found]] == wanted[found]
    return found


def told_of(rows: NDArray[np.void], writes: Writes, keys: Keys) -> Rows:
    key = np.ascontiguousarray(rows["key"])
    value = np.ascontiguousarray(rows["value"])
    attempted = is_in(key, keys.key)
    place = np.searchsorted(keys.key, key[attempted])
    told = np.zeros(key.size, np.uint8)
    told[attempted] = np.where(keys.value[place] == value[attempted], keys.told[place], 0)
    acknowledged = attempted.copy()
    acknowledged[attempted] = keys.told[place] == Told.YES
    several = np.flatnonzero(attempted)[keys.has_several_values[place]]
    if several.size:
        by_write = _told_by_write(writes, keys)
        told[several] = [
            by_write.get(write, 0)
            for write in zip(key[several].tolist(), value[several].tolist(), strict=True)
        ]
    return Rows(told=told, attempted=attempted, acknowledged=acknowledged)


def _told_by_write(writes: Writes, keys: Keys) -> Mapping[tuple[int, int], int]:
    """What was told of each write whose key was attempted with several values.

    No load of ours does that, so this may be slow.
    """
    among = np.flatnonzero(is_in(writes.key, keys.key[keys.has_several_values]))
    most: dict[tuple[int, int], int] = {}
    attempts = zip(
        writes.key[among].tolist(),
        writes.value[among].tolist(),
        _told(writes.outcome[among]).tolist(),
        strict=True,
    )
    for key, value, told in attempts:
        most[key, value] = max(told, most.get((key, value), 0))
    return most
