"""What the torture says at its end. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from tests.torture.record import MOMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

GUARDIAN = "guardian"
HEAL = "heal"


@dataclass(frozen=True, slots=True)
class Killed:
    """One kill and how it went; times in seconds."""

    number: int
    drill: str
    at_seconds: float  # after the drill's start
    was: str  # what was going on, as `RunFiles.at` says it
    who: str  # was killed
    mended_by: str | None  # None: there was nothing to mend
    whole_after_seconds: float  # SIGKILL of the runner until the journal was closed

    def __str__(self) -> str:
        mended = (
            f"whole {self.whole_after_seconds:.1f} s later by {self.mended_by}"
            if self.mended_by
            else "nothing to mend"
        )
        return (
            f"kill {self.number}: {self.drill}, second {self.at_seconds:.1f}, "
            f"{self.was}: {self.who} killed; {mended}"
        )

    @property
    def moment(self) -> str:
        return self.was.partition(" (")[0]


def summary(kills: Sequence[Killed], seconds: float) -> list[str]:
    """Tell what was killed when, and how long it took until the world was whole."""
    per_kill = seconds / len(kills) if kills else 0.0
    return [
        f"{len(kills)} kills in {seconds:.0f} s ({per_kill:.0f} s each); residue: none",
        f"by moment: {_counted((kill.moment for kill in kills), MOMENTS)}",
        f"by drill: {_counted(kill.drill for kill in kills)}",
        *(
            f"from SIGKILL to whole, by {who}: {_spread(taken)}"
            for who in (GUARDIAN, HEAL)
            if (taken := sorted(_taken(kills, who)))
        ),
    ]


def _taken(kills: Iterable[Killed], who: str) -> Iterator[float]:
    return (kill.whole_after_seconds for kill in kills if kill.mended_by == who)


def _spread(taken: Sequence[float]) -> str:
    p95 = taken[min(len(taken) - 1, int(0.95 * len(taken)))]
    return (
        f"median {median(taken):.1f} s, P95 {p95:.1f} s, max {taken[-1]:.1f} s"
        f" ({len(taken)} kills)"
    )


def _counted(these: Iterable[str], order: Sequence[str] = ()) -> str:
    counts = Counter(these)
    names = [*(name for name in order if name in counts), *sorted(counts.keys() - {*order})]
    return ", ".join(f"{name} {counts[name]}" for name in names)
