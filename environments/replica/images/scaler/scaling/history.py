"""What was decided and what came of it, numbered, for whoever watches.

Numbers go on after a restart, so that nobody who asks for what is new misses anything.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Decision:
    number: int
    at: float  # seconds of the scaler's monotonic clock
    before: int
    after: int
    why: str

    def as_json(self, now: float) -> dict[str, object]:
        return {
            "number": self.number,
            "age_seconds": round(now - self.at, 3),
            "from": self.before,
            "to": self.after,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Stage:
    """An instance got this far, because of that decision."""

    number: int
    at: float
    instance: str
    stage: str  # started, ready, serving, draining, stopped, failed
    decision: int

    def as_json(self, now: float) -> dict[str, object]:
        return {
            "number": self.number,
            "age_seconds": round(now - self.at, 3),
            "instance": self.instance,
            "stage": self.stage,
            "decision": self.decision,
        }


@dataclass(frozen=True, slots=True)
class Numbers:
    """Those that were given last."""

    decision: int = 0
    stage: int = 0


class History:
    """Written by the loop alone; read by threads that answer questions."""

    def __init__(self, last: Numbers, keep: Callable[[Numbers], None]) -> None:
        """Go on from the last numbers; ``keep`` is told of each change before it is seen."""
        self._last = last
        self._keep = keep
        self._decisions: deque[Decision] = deque(maxlen=KEPT)
        self._stages: deque[Stage] = deque(maxlen=KEPT)

    @property
    def last_decision(self) -> int:
        """The number of the last one, 0 where there is none."""
        return self._last.decision

    def decided(self, at: float, before: int, after: int, why: str) -> Decision:
        self._count(replace(self._last, decision=self._last.decision + 1))
        decision = Decision(self._last.decision, at, before, after, why)
        self._decisions.append(decision)
        return decision

    def reached(self, at: float, instance: str, stage: str, decision: int) -> Stage:
        self._count(replace(self._last, stage=self._last.stage + 1))
        reached = Stage(self._last.stage, at, instance, stage, decision)
        self._stages.append(reached)
        return reached

    def _count(self, last: Numbers) -> None:
        self._keep(last)
        self._last = last

    def decisions(self, after: int) -> Sequence[Decision]:
        return [one for one in self._decisions.copy() if one.number > after]

    def stages(self, after: int) -> Sequence[Stage]:
        return [one for one in self._stages.copy() if one.number > after]
