"""slow_close: the end of a connection arrives ``delay`` milliseconds later."""

from __future__ import annotations

from dataclasses import dataclass

from .stage import Ending, Stage, Tank


@dataclass(frozen=True, slots=True)
class SlowClose:
    delay: int = 0


class SlowCloseStage(Stage[SlowClose]):
    def __init__(self, attributes: SlowClose, tank: Tank) -> None:
        super().__init__(attributes, tank)
        self._ending: Ending | None = None

    def end(self, ending: Ending) -> None:
        self._ending = ending
        self._start_timer(self.attributes.delay / 1000)

    def release(self) -> None:
        super().release()
        self._ring()

    def _ring(self) -> None:
        if self._ending is not None:
            ending, self._ending = self._ending, None
            self.next.end(ending)
