"""What a toxic does to one direction of one connection.

Stages form a chain from the socket that is read to the socket that is written. Nothing
in the chain blocks: a stage passes bytes on, keeps them for later, or drops them. What
all stages of a chain keep is counted, and beyond a limit the source is no longer read.
"""

from __future__ import annotations

import asyncio
import math
import time
from abc import abstractmethod
from collections import deque
from enum import Enum, auto
from typing import Generic, Protocol, TypeVar


class Ending(Enum):
    """How a direction of a connection ends."""

    CLOSED = auto()  # FIN
    RESET = auto()  # RST


class Receiver(Protocol):
    """Takes bytes in order, and at last the ending."""

    def data(self, data: bytes) -> None: ...
    def end(self, ending: Ending) -> None: ...


class Tank(Protocol):
    """Counts what the stages of one direction keep."""

    def keep(self, size: int) -> None: ...
    def let_go(self, size: int) -> None: ...


Attributes = TypeVar("Attributes")


class Stage(Generic[Attributes]):
    """One toxic at work on one direction of one connection; this one changes nothing."""

    def __init__(self, attributes: Attributes, tank: Tank) -> None:
        self.attributes = attributes
        self.next: Receiver
        self._tank = tank
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to work; ``next`` is set."""

    def data(self, data: bytes) -> None:
        self.next.data(data)

    def end(self, ending: Ending) -> None:
        self.next.end(ending)

    def release(self) -> None:
        """Pass everything on at once: the toxic changes or goes."""
        self._stop_timer()

    def remove(self) -> None:
        """Stop working: the toxic was taken off a connection that lives on."""
        self.release()

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        """Do what the timer was started for."""


class DelayLine(Stage[Attributes]):
    """Keeps bytes in order and passes each piece on when it is due.

    The ending is not delayed itself: it leaves right behind the last piece.
    """

    # What a kept chunk costs beyond its bytes, so that many small chunks count too.
    _CHUNK_COST = 128

    def __init__(self, attributes: Attributes, tank: Tank) -> None:
        super().__init__(attributes, tank)
        self._chunks: deque[tuple[float, memoryview]] = deque()
        self._piece: tuple[int, float] | None = None
        self._ending: Ending | None = None

    @abstractmethod
    def next_piece(self, size: int, arrived: float) -> tuple[int, float]:
        """How many of the next ``size`` bytes (at least 1) to pass on, and when (monotonic)."""

    def data(self, data: bytes) -> None:
        self._tank.keep(len(data) + self._CHUNK_COST)
        self._chunks.append((time.monotonic(), memoryview(data)))
        if len(self._chunks) == 1:
            self._ring()

    def end(self, ending: Ending) -> None:
        self._ending = ending
        self._pass_ending()

    def release(self) -> None:
        super().release()
        self._piece = None
        while self._chunks:
            self._pass(len(self._chunks[0][1]))
        self._pass_ending()

    def _ring(self) -> None:
        while self._chunks:
            arrived, data = self._chunks[0]
            if self._piece is None:
                self._piece = self.next_piece(len(data), arrived)
            size, due = self._piece
            wait = due - time.monotonic()
            if wait > 0:
                self._wait(wait)
                return
            self._piece = None
            self._pass(size)
        self._pass_ending()

    def _wait(self, seconds: float) -> None:
        if not math.isinf(seconds):
            self._start_timer(seconds)

    def _pass(self, size: int) -> None:
        arrived, data = self._chunks[0]
        if size < len(data):
            self._chunks[0] = (arrived, data[size:])
            self._tank.let_go(size)
        else:
            self._chunks.popleft()
            self._tank.let_go(len(data) + self._CHUNK_COST)
        self.next.data(bytes(data[:size]))

    def _pass_ending(self) -> None:
        if self._ending is not None and not self._chunks:
            ending, self._ending = self._ending, None
            self.next.end(ending)
