"""Reads: whether customers were shown less of an order than they had been told before. Pure.

An order goes from absent to pending to paid and never back. What a customer knows of one
when a read begins is the latest state in any answer that the same customer had got whole
by then: of the order itself (acknowledged, it is pending at the least) and of earlier reads.
A read that shows less contradicts it. Answers that overlap in time may come in either
order, so they never contradict one another; a read that got no answer shows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.ledger import Operation, Outcome, Seen
from reports.writes import is_sound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.writes import Writes

EXAMPLES = 10
# How far an order had come, by what was seen of it. One whose number was given to another
# order is gone. What is no order at all says nothing of how far it had come.
_STAGES = np.zeros(len(Seen), np.int64)
_STAGES[[Seen.ABSENT, Seen.ANOTHER, Seen.PENDING, Seen.PAID]] = 1, 1, 2, 3
_PENDING, _ABOVE_ALL = 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Every attempt to read an order, in the order in which they began."""

    customer: NDArray[np.uint32]
    key: NDArray[np.int64]
    began: NDArray[np.float64]
    ended: NDArray[np.float64]  # NaN for those that never ended
    outcome: NDArray[np.uint8]
    seen: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradictions:
    """Reads that show what cannot be, each counted once; examples are ascending keys."""

    shown: int  # reads that showed how far their order had come
    stale: int  # contradict what the order's own answer had said: read your writes
    unordered: int  # contradict an earlier read: monotonic reads
    wrong: int  # a success that is not that order
    stale_examples: Sequence[int]  # of both stale and unordered; ten at the most
    wrong_examples: Sequence[int]  # ten at the most


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moments:
    """What customers were told of an order and when, and when they asked; by order.

    A moment's ``told`` is a stage, 0 where a read began.
    """

    order: NDArray[np.intp]  # ascending; a different one for each customer and key
    by_writes: NDArray[np.int64]
    by_reads: NDArray[np.int64]
    asked: NDArray[np.intp]  # which read began; -1 where something was told


def reads_of(ledger: NDArray[np.void]) -> Reads:
    """The attempts to read; damaged records are left out."""
    found = ledger[ledger["operation"] == Operation.READ]
    found = found[is_sound(found["began"], found["ended"], found["outcome"], found["seen"])]
    found = found[np.argsort(found["began"], kind="stable")]
    return Reads(
        customer=found["customer"],
        key=found["key"],
        began=found["began"],
        ended=found["ended"],
        outcome=found["outcome"],
        seen=found["seen"],
    )


def served(reads: Reads) -> NDArray[np.bool_]:
    """Which reads were answered, whether or not with what the customer knew already.

    That an order is not there is an answer, too: whether it may be one is judged apart.
    """
    gone = (reads.seen == Seen.ABSENT) | (reads.seen == Seen.ANOTHER)
    answered: NDArray[np.bool_] = (reads.outcome == Outcome.YES) | gone
    return answered


def shows_stage(reads: Reads) -> NDArray[np.bool_]:
    """Which reads showed how far their order had come: only those can be stale."""
    shown: NDArray[np.bool_] = _STAGES[reads.seen] > 0
    return shown


def contradictions(writes: Writes, reads: Reads) -> Contradictions:
    """Hold each read against all that its customer had been told of that order."""
    shown = np.flatnonzero(shows_stage(reads))
    moments = _moments(writes, reads, shown)
    asking = moments.asked >= 0
    read = moments.asked[asking]
    stage = _STAGES[reads.seen[read]]
    unordered = stage < _known(moments.order, moments.by_reads)[asking]
    stale = (stage < _known(moments.order, moments.by_writes)[asking]) & ~unordered
    wrong = reads.seen == Seen.WRONG
    return Contradictions(
        shown=shown.size,
        stale=int(np.count_nonzero(stale)),
        unordered=int(np.count_nonzero(unordered)),
        wrong=int(np.count_nonzero(wrong)),
        stale_examples=_examples(reads.key[read[stale | unordered]]),
        wrong_examples=_examples(reads.key[wrong]),
    )


def _moments(writes: Writes, reads: Reads, shown: NDArray[np.intp]) -> _Moments:
    taken = np.flatnonzero(writes.outcome == Outcome.YES)
    taken = taken[np.isin(writes.key[taken], reads.key[shown])]
    customer = np.concatenate(
        (writes.customer[taken], reads.customer[shown], reads.customer[shown])
    )
    key = np.concatenate((writes.key[taken], reads.key[shown], reads.key[shown]))
    at = np.concatenate((writes.ended[taken], reads.ended[shown], reads.began[shown]))
    nothing = np.zeros(shown.size, np.int64)
    by_writes = np.concatenate(
        (np.maximum(_STAGES[writes.seen[taken]], _PENDING), nothing, nothing)
    )
    by_reads = np.concatenate(
        (np.zeros(taken.size, np.int64), _STAGES[reads.seen[shown]], nothing)
    )
    asked = np.concatenate((np.full(taken.size + shown.size, -1), shown))
    # What was told at the moment at which a read began was not told before it.
    place = np.lexsort((asked < 0, at, customer, key))
    customer, key = customer[place], key[place]
    changes = (key[1:] != key[:-1]) | (customer[1:] != customer[:-1])
    return _Moments(
        order=np.concatenate(([0], np.cumsum(changes)))[: key.size],
        by_writes=by_writes[place],
        by_reads=by_reads[place],
        asked=asked[place],
    )


def _known(order: NDArray[np.intp], told: NDArray[np.int64]) -> NDArray[np.int64]:
    """The greatest stage told of the same order until each moment."""
    running = np.maximum.accumulate(order * _ABOVE_ALL + told)
    known: NDArray[np.int64] = running % _ABOVE_ALL
    return known


def _examples(keys: NDArray[np.int64]) -> Sequence[int]:
    return tuple(np.unique(keys)[:EXAMPLES].tolist())
