"""Links in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.model import (
    Bandwidth,
    ConnectionReset,
    Down,
    Impairment,
    Latency,
    RoundTrip,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from tests.fakes.world import FakeEnvironment


UNDISTURBED_SECONDS = 0.001


class FakeLink:
    """A link whose upstream is one node."""

    def __init__(self, world: FakeEnvironment, name: str, upstream: str) -> None:
        self.name = name
        self.upstream = upstream
        self.world = world
        self.on: set[Impairment] = set()

    def impair(self, impairment: Impairment) -> None:
        self.world.trouble.act(self.name, "impair", lambda: self.on.add(impairment))

    def mend(self, impairment: Impairment) -> None:
        self.world.trouble.act(self.name, "mend", lambda: self.on.discard(impairment))

    def impairments(self) -> frozenset[Impairment]:
        return frozenset(self.on)

    def mark_of(self, impairment: Impairment) -> str:
        return str(impairment)

    def round_trip(self, *, payload_bytes: int = 0, within: timedelta) -> RoundTrip:
        failure = self._failure()
        if failure:
            return RoundTrip(UNDISTURBED_SECONDS, failure)
        seconds = UNDISTURBED_SECONDS + sum(
            _delay(one, payload_bytes) for one in self._biting()
        )
        if self.world.node(self.upstream).paused or seconds > within.total_seconds():
            return RoundTrip(within.total_seconds(), "timeout")
        return RoundTrip(seconds)

    def _failure(self) -> str | None:
        if any(isinstance(one, Down) for one in self._biting()):
            return "refused"
        if any(isinstance(one, ConnectionReset) for one in self._biting()):
            return "reset"
        return None if self.world.node(self.upstream).running else "reset"

    def _biting(self) -> Iterable[Impairment]:
        lets_through = self.world.trouble.ignores[(self.name, "bite")] > 0
        return () if lets_through else self.on


def _delay(impairment: Impairment, payload_bytes: int) -> float:
    """Seconds that an impairment adds to a round trip."""
    match impairment:
        case Latency():
            return impairment.milliseconds / 1000
        case Bandwidth():
            return payload_bytes / (impairment.kilobytes_per_second * 1000)
        case _:
            return 0.0
