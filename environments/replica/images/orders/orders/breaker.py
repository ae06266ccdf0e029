"""A circuit breaker: it stops calling what keeps failing, and looks again after a while.

closed → open when half of the last ``WINDOW`` calls failed (five at the least);
open → half-open after ``OPEN_SECONDS``; half-open → closed when ``PROBES`` probes in a
row succeeded, → open when one failed. (Nygard, *Release It!*, 2nd ed., chapter 5.)

Only a caller that nobody waits for may probe: customers never pay for finding out
whether the dependency is back. Pure: the clock is given, nothing is awaited.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING

from configuration.schema import BreakerLimits

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 10
FAILURES_TO_OPEN = 5
OPEN_SECONDS = 1.0
PROBES = 2
BUILT_IN = BreakerLimits(failures_to_open=FAILURES_TO_OPEN, open_seconds=OPEN_SECONDS)


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Permit:
    """Leave for one call. Its first word on how the call went counts, later ones do not."""

    __slots__ = ("_breaker", "period")

    def __init__(self, breaker: Breaker, period: int) -> None:
        self._breaker: Breaker | None = breaker
        self.period = period

    def succeeded(self) -> None:
        self._tell(ok=True)

    def failed(self) -> None:
        self._tell(ok=False)

    def _tell(self, *, ok: bool) -> None:
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            breaker.hear(self, ok=ok)


class Breaker:
    """``clock`` gives seconds and never goes back."""

    def __init__(
        self,
        clock: Callable[[], float],
        limits: Callable[[], BreakerLimits] = lambda: BUILT_IN,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._period = 0  # rises with every change of state, so that late news is known
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._opened_at: float | None = None
        self._probing = False
        self._probes_succeeded = 0

    @property
    def state(self) -> State:
        if self._opened_at is None:
            return State.CLOSED
        if self._clock() - self._opened_at < self._limits().open_seconds:
            return State.OPEN
        return State.HALF_OPEN

    def ask(self) -> Permit | None:
        """Leave for a customer's call, given only while closed."""
        return Permit(self, self._period) if self.state is State.CLOSED else None

    def ask_to_probe(self) -> Permit | None:
        """Leave for a call nobody waits for: also while half-open, one at a time.

        Whoever gets leave must say how the call went, or no other probe ever starts.
        """
        if self.state is not State.HALF_OPEN:
            return self.ask()
        if self._probing:
            return None
        self._probing = True
        return Permit(self, self._period)

    def hear(self, permit: Permit, *, ok: bool) -> None:
        """How a permitted call went; news from before the last change of state is old."""
        if permit.period != self._period:
            return
        if self._opened_at is None:
            self._hear_while_closed(ok=ok)
        else:
            self._hear_probe(ok=ok)

    def _hear_while_closed(self, *, ok: bool) -> None:
        self._recent.append(ok)
        if self._recent.count(False) >= self._limits().failures_to_open:
            self._open()

    def _hear_probe(self, *, ok: bool) -> None:
        self._probing = False
        if not ok:
            self._open()
            return
        self._probes_succeeded += 1
        if self._probes_succeeded == PROBES:
            self._close()

    def _open(self) -> None:
        self._change()
        self._opened_at = self._clock()

    def _close(self) -> None:
        self._change()
        self._opened_at = None

    def _change(self) -> None:
        self._period += 1
        self._recent.clear()
        self._probing = False
        self._probes_succeeded = 0
