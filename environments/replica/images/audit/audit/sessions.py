"""Whose sessions there are in the database: pure.

Each instance of the service says which sessions it has. One that logged in as the service and
that no instance has, belongs to somebody with a credential of the service's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# An instance says so twice a second; one that is busy, or is just being paused, is late.
GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Session:
    """One process of the database; numbers come again, with the time they do not."""

    pid: int
    started: str
    login: str
    application: str
    address: str


@dataclass(slots=True)
class Sessions:
    """What is known of the sessions that there are. Times are seconds of one clock."""

    _claims: dict[str, frozenset[int]] = field(default_factory=dict)  # by instance
    _whose: dict[Session, str] = field(default_factory=dict)
    _unclaimed_since: dict[Session, float] = field(default_factory=dict)

    def claim(self, instance: str, pids: frozenset[int]) -> None:
        self._claims[instance] = pids

    def look(
        self, seen: frozenset[Session], now: float
    ) -> tuple[dict[Session, str], frozenset[Session]]:
        """Give the sessions that an instance claims since this look, and those that none does.

        What an instance claimed once is its own for as long as it lasts: an instance that
        falls silent has not lost it to somebody else.
        """
        claimed = {pid: name for name, pids in self._claims.items() for pid in pids}
        self._whose = {one: who for one, who in self._whose.items() if one in seen}
        new = {
            one: claimed[one.pid]
            for one in seen
            if one not in self._whose and one.pid in claimed
        }
        self._whose.update(new)
        strange = seen - self._whose.keys()
        self._unclaimed_since = {one: self._unclaimed_since.get(one, now) for one in strange}
        return new, frozenset(
            one for one, since in self._unclaimed_since.items() if now - since >= GRACE_SECONDS
        )
