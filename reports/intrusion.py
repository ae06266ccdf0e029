"""How an intruder got in, who noticed, and whether it stayed out. Pure.

The intruder's own log says when it succeeded: what it can still do is never taken from what
the defenders say. Times are seconds of CLOCK_MONOTONIC; an attempt's is when it began.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.intruder_log import Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.intruder_log import IntruderAttempt, IntruderLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something that told people of the intruder, and when it did so first."""

    signal: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialUse:
    """What one intruder got of one credential; ``after`` it was said to be shut out."""

    intruder: str
    credential: str
    got_in: int
    refused: int
    unknown: int
    first_in_at: float | None
    last_in_at: float | None
    in_after: int
    refused_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intrusion:
    """What an intruder did, in figures. Nothing here is an opinion."""

    uses: Sequence[CredentialUse]
    first_tried_at: float | None
    signals: Sequence[Signal]  # in the order of time
    shut_out_at: float | None  # the first time that people said so
    deeds_after: Sequence[str]  # what succeeded after that, in the order of their names
    covered_until: float | None  # the last thing that the log says

    @property
    def attempts(self) -> int:
        return sum(one.got_in + one.refused + one.unknown for one in self.uses)

    @property
    def first_in_at(self) -> float | None:
        times = [one.first_in_at for one in self.uses if one.first_in_at is not None]
        return min(times, default=None)

    @property
    def last_in_at(self) -> float | None:
        times = [one.last_in_at for one in self.uses if one.last_in_at is not None]
        return max(times, default=None)

    @property
    def in_after(self) -> int:
        return sum(one.in_after for one in self.uses)

    @property
    def detect_seconds(self) -> float | None:
        """From the first success to the first signal, 0 where that came before it.

        None where there was no success, or no signal.
        """
        return _since(self.first_in_at, self.signals[0].at if self.signals else None)

    @property
    def noticed_seconds(self) -> float | None:
        """From the first attempt, successful or not, to the first signal, likewise."""
        return _since(self.first_tried_at, self.signals[0].at if self.signals else None)

    @property
    def shut_out_seconds(self) -> float | None:
        """From the first success until people said that it is out, likewise."""
        return _since(self.first_in_at, self.shut_out_at)

    @property
    def seen_seconds(self) -> float | None:
        """From the first success to the last thing that the log says."""
        return _since(self.first_in_at, self.covered_until)


def measure_intrusion(log: IntruderLog) -> Intrusion:
    """What became of every attempt, before it was said that the intruder is out and after."""
    shut_out_at = log.shut_outs[0].at if log.shut_outs else None
    by_use: dict[tuple[str, str], list[IntruderAttempt]] = defaultdict(list)
    for attempt in log.attempts:
        by_use[attempt.intruder, attempt.credential].append(attempt)
    after = _after(log.attempts, shut_out_at)
    return Intrusion(
        uses=tuple(_use(by_use[key], shut_out_at) for key in sorted(by_use)),
        first_tried_at=log.attempts[0].at if log.attempts else None,
        signals=tuple(Signal(signal=name, at=at) for name, at in _signals(log).items()),
        shut_out_at=shut_out_at,
        deeds_after=tuple(sorted({one.what for one in after if one.outcome is Result.IN})),
        covered_until=log.covered_until,
    )


def _use(attempts: Sequence[IntruderAttempt], shut_out_at: float | None) -> CredentialUse:
    times = [one.at for one in attempts if one.outcome is Result.IN]
    after = _after(attempts, shut_out_at)
    return CredentialUse(
        intruder=attempts[0].intruder,
        credential=attempts[0].credential,
        got_in=len(times),
        refused=_count(attempts, Result.OUT),
        unknown=_count(attempts, Result.UNKNOWN),
        first_in_at=min(times, default=None),
        last_in_at=max(times, default=None),
        in_after=_count(after, Result.IN),
        refused_after=_count(after, Result.OUT),
    )


def _signals(log: IntruderLog) -> Mapping[str, float]:
    """When each signal came first, in the order of time."""
    first: dict[str, float] = {}
    for one in log.detections:
        first.setdefault(one.signal, one.at)
    return first


def _after(
    attempts: Sequence[IntruderAttempt], shut_out_at: float | None
) -> Sequence[IntruderAttempt]:
    return [one for one in attempts if shut_out_at is not None and one.at >= shut_out_at]


def _count(attempts: Sequence[IntruderAttempt], outcome: Result) -> int:
    return sum(one.outcome is outcome for one in attempts)


def _since(began: float | None, ended: float | None) -> float | None:
    return None if began is None or ended is None else max(0.0, ended - began)
