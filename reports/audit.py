"""The audit: what customers were told against what the final read found. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.writes import Keys, Told, Writes, is_in, keys_of, told_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.verdict import Injection, TakenBack

EXAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the final read says of the writes, as the fields of Recovery of the same names.

    Lost, discarded and beyond are counted by key, all else by row.
    """

    lost: int
    lost_after_effect: int
    lost_examples: Sequence[int]
    rpo_seconds: float
    rpo_is_lower_bound: bool
    discarded: int | None
    discarded_seconds: float
    beyond: int | None
    beyond_examples: Sequence[int]
    corrupted: int
    unwritten: int
    duplicated: int
    refused_present: int
    unknown_present: int
    unsettled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Losses:
    """Which keys count as what; ``discarded_seconds`` is the oldest one's age."""

    lost: NDArray[np.bool_]
    lost_after_effect: NDArray[np.bool_]
    discarded: NDArray[np.bool_]
    beyond: NDArray[np.bool_]
    discarded_seconds: float


def audit(
    writes: Writes,
    final_read: NDArray[np.void],
    *,
    injections: Sequence[Injection],
    taken_back: TakenBack | None,
) -> Audit:
    """Compare what customers were told with the final read, as of the last fault.

    A disaster may come in blows: what was acknowledged between two of them can be lost to
    the second as what came before can be to the first, and is as old as the last one finds it.
    Where nothing was broken, whatever is missing is lost, and no fault says how old it is.
    """
    keys = keys_of(writes)
    present = is_in(keys.key, np.sort(np.ascontiguousarray(final_read["key"])))
    missing = ~present & (keys.told == Told.YES)
    losses = (
        _losses_by_fault(keys, missing, _last_effect(injections))
        if taken_back is None
        else _losses_by_moment(keys, missing, present, taken_back)
    )
    excused_by_nothing = losses.lost | losses.lost_after_effect
    oldest = float(keys.first_yes[excused_by_nothing].min(initial=np.inf))
    rows = told_of(final_read, writes, keys)
    # An acknowledged value that gave way to another one was changed, too.
    gave_way = rows.acknowledged & (rows.told != Told.YES)
    settled = final_read["settled"] != 0
    last_blow = max((injection.started_at for injection in injections), default=-np.inf)
    return Audit(
        lost=_count(losses.lost),
        lost_after_effect=_count(losses.lost_after_effect),
        lost_examples=examples(keys, excused_by_nothing),
        rpo_seconds=max(0.0, last_blow - oldest, losses.discarded_seconds),
        rpo_is_lower_bound=_reaches_the_first(keys, missing),
        discarded=None if taken_back is None else _count(losses.discarded),
        discarded_seconds=losses.discarded_seconds,
        beyond=None if taken_back is None else _count(losses.beyond),
        beyond_examples=examples(keys, losses.beyond),
        corrupted=_count(rows.attempted & ((rows.told == 0) | gave_way)),
        unwritten=_count(~rows.attempted),
        duplicated=duplicated(final_read),
        refused_present=_count(~rows.acknowledged & (rows.told == Told.NO)),
        unknown_present=_count(~rows.acknowledged & (rows.told == Told.UNKNOWN)),
        unsettled=_count(rows.acknowledged & ~settled),
    )


def duplicated(rows: NDArray[np.void]) -> int:
    """How many rows there are beyond the first under the same key."""
    return int(rows.size - np.unique(rows["key"]).size)


def examples(keys: Keys, which: NDArray[np.bool_]) -> Sequence[int]:
    return tuple(keys.key[which][:EXAMPLES].tolist())


def _last_effect(injections: Sequence[Injection]) -> float:
    """When every fault had taken effect; infinite where one was not seen to, or none was."""
    effects = [injection.took_effect_at for injection in injections]
    return max((np.inf if at is None else at for at in effects), default=np.inf)


def _reaches_the_first(keys: Keys, missing: NDArray[np.bool_]) -> bool:
    """Whether every write that was acknowledged first of all is gone.

    How far the loss reaches back is not known then: nobody had ordered any earlier.
    """
    oldest_lost = keys.first_yes[missing].min(initial=np.inf)
    return bool(oldest_lost < keys.first_yes[~missing].min(initial=np.inf))


def _losses_by_fault(keys: Keys, missing: NDArray[np.bool_], effect: float) -> _Losses:
    after_effect = missing & (keys.last_yes >= effect)
    none = np.zeros_like(missing)
    return _Losses(
        lost=missing & ~after_effect,
        lost_after_effect=after_effect,
        discarded=none,
        beyond=none,
        discarded_seconds=0.0,
    )


def _losses_by_moment(
    keys: Keys,
    missing: NDArray[np.bool_],
    present: NDArray[np.bool_],
    taken_back: TakenBack,
) -> _Losses:
    """What a restore to a moment may cost, and what it may not.

    A key that was tried again once the old database had stopped lives on the new timeline:
    that it is there is no surprise, and if that was acknowledged, it is lost if missing.
    """
    lost = missing & (keys.first_yes <= taken_back.to)
    lost_since = missing & ~lost & (keys.last_yes_began >= taken_back.stopped)
    discarded = missing & ~lost & ~lost_since
    oldest = float(keys.first_yes[discarded].min(initial=np.inf))
    return _Losses(
        lost=lost,
        lost_after_effect=lost_since,
        discarded=discarded,
        beyond=present
        & (keys.first_began > taken_back.to)
        & (keys.last_began < taken_back.stopped),
        discarded_seconds=max(0.0, taken_back.stopped - oldest),
    )


def _count(which: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(which))
