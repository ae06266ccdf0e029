"""limit_data: the connection is closed once ``bytes`` bytes have passed."""

from __future__ import annotations

from dataclasses import dataclass

from .stage import Ending, Stage, Tank


@dataclass(frozen=True, slots=True)
class LimitData:
    bytes: int = 0


class LimitDataStage(Stage[LimitData]):
    """Counts from the moment the toxic was added; a change of the limit keeps the count."""

    def __init__(self, attributes: LimitData, tank: Tank) -> None:
        super().__init__(attributes, tank)
        self._passed = 0

    def data(self, data: bytes) -> None:
        allowed = data[: max(0, self.attributes.bytes - self._passed)]
        if allowed:
            self._passed += len(allowed)
            self.next.data(allowed)
        if self._passed >= self.attributes.bytes:
            self.next.end(Ending.CLOSED)
