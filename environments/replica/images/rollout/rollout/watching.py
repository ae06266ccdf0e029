"""Watches instances: reads them side by side, and knows how requests ended since when."""

from __future__ import annotations

from collections import deque
from concurrent.futures import wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .counts import Counts
from .reading import ANSWER_SECONDS, Reading, SilentError, read_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Executor, Future

LOOKS_KEPT = 2000
NONE = Counts()


@dataclass(slots=True)
class _Instance:
    """What is known of one; its counts go on where it was started again."""

    heard_at: float  # where it never was: when we began to ask
    last: Reading | None = None
    restarts: int = 0
    before: Counts = NONE  # of its processes that ended
    looks: deque[tuple[float, Counts]] = field(default_factory=lambda: deque(maxlen=LOOKS_KEPT))

    def hear(self, at: float, reading: Reading) -> None:
        if self.last is not None and self.last.started_at != reading.started_at:
            self.restarts += 1
            self.before += self.last.counts
        self.last, self.heard_at = reading, at
        self.looks.append((at, self.before + reading.counts))

    def since(self, moment: float) -> Counts:
        """Count from the last look at or before that moment, or else from the first one."""
        if not self.looks:
            return NONE
        earlier = [counts for at, counts in self.looks if at <= moment]
        return self.looks[-1][1] - (earlier[-1] if earlier else self.looks[0][1])


@dataclass(slots=True)
class Watcher:
    """``look`` at a steady pace; all else says what was seen, and asks nobody."""

    threads: Executor
    clock: Callable[[], float]
    read: Callable[[str], Reading] = read_instance
    _known: dict[str, _Instance] = field(default_factory=dict)

    def look(self, instances: Iterable[str]) -> None:
        """Read these, side by side; who does not answer is silent from then on."""
        asked = {name: self.threads.submit(self.read, name) for name in instances}
        for name in asked:
            self._known.setdefault(name, _Instance(heard_at=self.clock()))
        wait(asked.values(), ANSWER_SECONDS + 1)
        for name, reading in asked.items():
            self._hear(name, reading)

    def _hear(self, name: str, asked: Future[Reading]) -> None:
        if not asked.done():
            return
        try:
            reading = asked.result()
        except SilentError:
            return
        self._known[name].hear(self.clock(), reading)

    def forget(self, instances: Iterable[str]) -> None:
        """Begin anew with these: what is looked at next is another process, and rightly so."""
        for name in instances:
            self._known.pop(name, None)

    def since(self, moment: float, instances: Iterable[str]) -> Counts:
        """Add up how these instances' requests ended since that moment."""
        known = (self._known[name] for name in instances if name in self._known)
        return sum((one.since(moment) for one in known), NONE)

    def last(self, instance: str) -> Reading | None:
        """Give what it said last; None where it never said anything."""
        known = self._known.get(instance)
        return known.last if known else None

    def unwell(self, instances: Iterable[str], silent_seconds: float) -> Sequence[str]:
        """Say which of them are silent, or died and were started again meanwhile."""
        sentences = []
        for name in instances:
            known = self._known.get(name)
            if known is None:
                continue
            silent = self.clock() - known.heard_at
            if silent > silent_seconds:
                sentences.append(f"{name} has not answered for {silent:.0f} s")
            elif known.restarts:
                sentences.append(f"{name} died and was started again")
        return sentences

    def heavier(
        self, instances: Iterable[str], others: Iterable[str], times: float
    ) -> Sequence[str]:
        """Say which of them use more than so many times the memory of the others."""
        used = [reading.memory_bytes for name in others if (reading := self.last(name))]
        if not used:
            return ()
        most = times * sum(used) / len(used)
        return [
            f"{name} uses {reading.memory_bytes / 1e6:.0f} MB of memory, and"
            f" {most / 1e6:.0f} MB are {times:g} times what others use"
            for name in instances
            if (reading := self.last(name)) and reading.memory_bytes > most
        ]
