"""Who failed to log in too often is not asked for a password again until it lets be.

An attempt counts as failed from its beginning, and is forgiven when it succeeds: many at
one time would otherwise all be checked before the first one counted.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MOST_FAILED = 100  # in WINDOW_SECONDS; the next one locks
WINDOW_SECONDS = 60.0
REST_SECONDS = 60.0  # without an attempt, until a lock is opened again
_SUBJECTS_UNTIL_SWEPT = 10_000  # an attacker who makes up names fills no memory


@dataclass(slots=True)
class Lockout:
    """Counts the failures of subjects: sources, or accounts."""

    clock: Callable[[], float] = time.monotonic
    most: int = MOST_FAILED
    window: float = WINDOW_SECONDS
    rest: float = REST_SECONDS
    _begun: dict[str, deque[float]] = field(default_factory=dict, init=False)
    _locked_until: dict[str, float] = field(default_factory=dict, init=False)

    def __len__(self) -> int:
        """How many subjects are kept in mind."""
        return len(self._begun)

    def seconds_left(self, subject: str) -> float:
        """For how long it is locked; 0 where it is not."""
        return max(0.0, self._locked_until.get(subject, 0.0) - self.clock())

    def insists(self, subject: str) -> None:
        """Note that a locked subject tried again: it has to rest from now on."""
        self._locked_until[subject] = self.clock() + self.rest

    def begin(self, subject: str) -> Callable[[], None]:
        """Count an attempt as failed, and lock its subject if that is one too many.

        Returns what takes it back, for an attempt that succeeded.
        """
        now = self.clock()
        begun = self._begun.setdefault(subject, deque())
        _forget(begun, now - self.window)
        begun.append(now)
        if len(begun) > self.most:
            self._locked_until[subject] = now + self.rest
        if len(self._begun) > _SUBJECTS_UNTIL_SWEPT:
            self._sweep(now)

        def forgive() -> None:
            if now in begun:
                begun.remove(now)

        return forgive

    def locked(self) -> Sequence[str]:
        """Name who is locked."""
        now = self.clock()
        return [subject for subject, until in self._locked_until.items() if until > now]

    def unlock(self, subject: str) -> bool:
        """Forget all about a subject; False where it was not locked."""
        was_locked = self.seconds_left(subject) > 0
        self._begun.pop(subject, None)
        self._locked_until.pop(subject, None)
        return was_locked

    def failures(self) -> Mapping[str, int]:
        """Count the failures of the last minute."""
        self._sweep(self.clock())
        return {subject: len(begun) for subject, begun in self._begun.items()}

    def _sweep(self, now: float) -> None:
        for begun in self._begun.values():
            _forget(begun, now - self.window)
        self._begun = {subject: begun for subject, begun in self._begun.items() if begun}
        self._locked_until = {
            subject: until for subject, until in self._locked_until.items() if until > now
        }


def _forget(begun: deque[float], before: float) -> None:
    while begun and begun[0] <= before:
        begun.popleft()
