"""timeout: bytes are dropped, and after ``timeout`` milliseconds the connection is closed.

With 0 it is closed only when the toxic is taken off. As in the official server, bytes
that arrive start the time again.
"""

from __future__ import annotations

from dataclasses import dataclass

from .stage import Ending, Stage


@dataclass(frozen=True, slots=True)
class Timeout:
    timeout: int = 0


class TimeoutStage(Stage[Timeout]):
    def start(self) -> None:
        if self.attributes.timeout > 0:
            self._start_timer(self.attributes.timeout / 1000)

    def data(self, data: bytes) -> None:  # noqa: ARG002 - dropping it is the point
        self.start()

    def remove(self) -> None:
        # What was dropped left a hole: the rest of the connection would be nonsense.
        self.release()
        self.next.end(Ending.CLOSED)

    def _ring(self) -> None:
        self.next.end(Ending.CLOSED)
