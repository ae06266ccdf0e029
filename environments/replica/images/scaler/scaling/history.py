"""What was decided and what came of it, numbered, for whoever watches."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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


class History:
    """Written by the loop alone; read by threads that answer questions."""

    def __init__(self) -> None:
        self._decisions: deque[Decision] = deque(maxlen=KEPT)
        self._stages: deque[Stage] = deque(maxlen=KEPT)

    @property
    def last_decision(self) -> int:
        """The number of the last one, 0 where there is none."""
        return self._decisions[-1].number if self._decisions else 0

    def decided(self, at: float, before: int, after: int, why: str) -> Decision:
        decision = Decision(self.last_decision + 1, at, before, after, why)
        self._decisions.append(decision)
        return decision

    def reached(self, at: float, instance: str, stage: str, decision: int) -> Stage:
        number = self._stages[-1].number + 1 if self._stages else 1
        reached = Stage(number, at, instance, stage, decision)
        self._stages.append(reached)
        return reached

    def decisions(self, after: int) -> Sequence[Decision]:
        return [one for one in self._decisions.copy() if one.number > after]

    def stages(self, after: int) -> Sequence[Stage]:
        return [one for one in self._stages.copy() if one.number > after]
