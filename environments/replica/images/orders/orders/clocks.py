"""Whose clock to believe: the instance's own, held against the database's.

Of what customers are promised, only the expiry of their credentials depends on what time it is;
nothing here is asked for an order's key. It is judged by the later of two clocks: one of them
that is behind lets nobody in whose time is over. One that is ahead refuses some whose time is
not, and they are told so.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .pool import FAILURES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from .database import Connection

SLACK_SECONDS = 5.0  # clocks that are kept differ by milliseconds, and answers take some time
# Siblings tell of their clocks twice a second: by then each knows whether all differ.
SURE_AFTER_SECONDS = 1.0
LOOK_EVERY_SECONDS = 0.5
ANSWER_SECONDS = 0.75
_WHAT_TIME_IS_IT = "SELECT extract(epoch FROM clock_timestamp())::float8"


class Judge(Protocol):
    """Says what time it is when a credential is looked at."""

    def now(self) -> float | None:
        """Give seconds since 1970; None while that is not known."""
        ...


@dataclass(slots=True)
class OwnClock:
    """A mistake that drills must find out: whoever turns this clock back opens the door."""

    own: Callable[[], float] = time.time

    def now(self) -> float | None:
        return self.own()


@dataclass(slots=True)
class Clocks:
    """The instance's own clock, and what the database's said last.

    ``steady`` counts on from there, whatever becomes of either.
    """

    own: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    _said: float | None = field(default=None, init=False)
    _heard_at: float = field(default=0.0, init=False)

    def hear(self, said: float) -> None:
        """Take the database's word for what time it is now."""
        self._said, self._heard_at = said, self.steady()

    def now(self) -> float | None:
        """Give the later of the two; None until the database said something."""
        database = self._database()
        return None if database is None else max(database, self.own())

    @property
    def ahead_seconds(self) -> float | None:
        """By how much the own clock is ahead; negative where it is behind."""
        database = self._database()
        return None if database is None else self.own() - database

    def _database(self) -> float | None:
        return None if self._said is None else self._said + self.steady() - self._heard_at


class DatabaseClock:
    """Asks the database for the time, over a connection of its own."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        clocks: Clocks,
        is_stale: Callable[[Connection], bool] = lambda _: False,
    ) -> None:
        self._connect = connect
        self._clocks = clocks
        self._is_stale = is_stale
        self._connection: Connection | None = None

    async def ask(self) -> None:
        """Have ``clocks`` hear what it says; one that says nothing is asked anew next time."""
        if self._connection is not None and self._is_stale(self._connection):
            self.close()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._connection is None:
                    self._connection = await self._connect()
                said = await self._connection.fetchval(_WHAT_TIME_IS_IT)
        except FAILURES:
            self.close()
        else:
            self._clocks.hear(said)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


class Board(Protocol):
    """Where instances tell each other by how much their clocks are ahead of the database's."""

    async def share_clock(self, ahead_seconds: float) -> Mapping[str, float]:
        """Tell it, and give what the others told lately; nothing where that is not known."""
        ...


@dataclass(slots=True)
class ClockCheck:
    """Whether the own clock agrees with the database's, and what follows if it does not.

    Who is wrong cannot be told from two clocks. Where a sibling agrees with the database, this
    instance leaves rotation and the sibling serves customers. Where none does, the database's
    clock may be the wrong one, or all of the instances': to leave would shut customers out, so
    they all stay, and say what is amiss. The same where siblings are not known.
    """

    clocks: Clocks
    board: Board
    must_leave: bool = field(default=False, init=False)
    trouble: str | None = field(default=None, init=False)
    _differs_since: float | None = field(default=None, init=False)

    async def look(self) -> None:
        ahead = self.clocks.ahead_seconds
        if ahead is None:
            return
        siblings = await self.board.share_clock(ahead)
        self._note(ahead, siblings.values())

    def _note(self, ahead: float, siblings: Iterable[float]) -> None:
        now = self.clocks.steady()
        if _agrees(ahead):
            self._differs_since, self.trouble, self.must_leave = None, None, False
            return
        if self._differs_since is None:
            self._differs_since = now
        way = "ahead of" if ahead > 0 else "behind"
        self.trouble = f"clock is {abs(ahead):.0f} s {way} the database's"
        is_sure = now - self._differs_since >= SURE_AFTER_SECONDS
        self.must_leave = is_sure and any(map(_agrees, siblings))


def _agrees(ahead_seconds: float) -> bool:
    return abs(ahead_seconds) <= SLACK_SECONDS
