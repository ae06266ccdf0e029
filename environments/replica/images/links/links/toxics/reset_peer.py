"""reset_peer: ``timeout`` milliseconds after its first bytes the connection is reset (RST).

The bytes are dropped. The official server resets only connections opened after the toxic
was added and closes older ones; this one resets them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from .stage import Ending, Stage, Tank


@dataclass(frozen=True, slots=True)
class ResetPeer:
    timeout: int = 0


class ResetPeerStage(Stage[ResetPeer]):
    def __init__(self, attributes: ResetPeer, tank: Tank) -> None:
        super().__init__(attributes, tank)
        self._triggered = False

    def start(self) -> None:
        if self._triggered:
            self._start_timer(max(0, self.attributes.timeout) / 1000)

    def data(self, data: bytes) -> None:  # noqa: ARG002 - dropping it is the point
        self._trigger()

    def end(self, ending: Ending) -> None:  # noqa: ARG002 - it becomes a reset
        self._trigger()

    def remove(self) -> None:
        self.release()
        if self._triggered:
            self.next.end(Ending.CLOSED)

    def _trigger(self) -> None:
        if not self._triggered:
            self._triggered = True
            self.start()

    def _ring(self) -> None:
        self.next.end(Ending.RESET)
