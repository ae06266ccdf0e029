"""How a change is made: looked at, tried, made within short limits, watched, or taken back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from . import rules
from .history import Happened, Who
from .watch import harm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .history import History
    from .watch import Activity

Result = TypeVar("Result")

ATTEMPTS = 5
PAUSE_SECONDS = 1.0  # between them: whoever was in the way may have ended
USUAL_SECONDS = 2.0  # how long is looked at what is usual, before
WATCH_SECONDS = 8.0  # how long is looked whether it still is, afterwards
LOOK_SECONDS = 0.25


class MigrationError(Exception):
    """It was not done; the sentence says why, and how things are now."""


class BusyError(MigrationError):
    """Somebody held what it needed for longer than it may keep customers waiting."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the schema; ``gives`` is what the table of orders has of it."""

    name: str
    after: str | None
    gives: frozenset[str]
    transactional: bool


class Schema(Protocol):
    """The databases' schema. All methods raise MigrationError where it did not do so."""

    def recorded(self) -> str:
        """Name the revision that the database says it has."""
        ...

    def pending(self, target: str | None) -> Sequence[Revision]:
        """Give what leads from there to the target, or to the last one released."""
        ...

    def sql(self, revision: Revision) -> str: ...

    def try_out(self, revisions: Sequence[Revision]) -> Sequence[str]:
        """Make them, ask what the service asks, and roll all of it back; say what failed."""
        ...

    def upgrade(self, revision: Revision) -> None:
        """Raise BusyError where its locks could not be had in time."""
        ...

    def downgrade(self, to: str) -> None:
        """Raise BusyError where its locks could not be had in time."""
        ...

    def one_back(self, revision: str) -> str:
        """Name the revision before this one."""
        ...

    def half_made(self) -> Revision | None:
        """Give the revision of which there is something although it is not recorded."""
        ...

    def clean(self, revision: Revision) -> None:
        """Take away what there is of a revision that is not recorded."""
        ...

    def deviations(self) -> Sequence[str]:
        """Say how the schema differs from what is recorded, and what the service cannot do."""
        ...

    def activity(self) -> Activity: ...


@dataclass(frozen=True, slots=True)
class Migrator:
    schema: Schema
    history: History
    say: Callable[[str], None]
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    checks: bool = True  # without them, plan shows what would be done and finds nothing

    def plan(self, target: str | None) -> list[str]:
        """Show what would be done; give what speaks against it. Nothing is changed."""
        pending = self.schema.pending(target)
        found = []
        for revision in pending:
            sql = self.schema.sql(revision)
            self.say(f"-- {revision.name}\n{sql.strip()}")
            if not revision.transactional:
                self.say(f"-- {revision.name} is not tried: no transaction can hold it")
            if self.checks:
                found += [f"{revision.name}: {one}" for one in rules.findings(sql)]
        if pending and self.checks:
            found += self._insist(partial(self.schema.try_out, pending))
        return found

    def apply(self, target: str | None) -> None:
        """Make what is pending; what does harm is taken back by itself.

        Raises:
            MigrationError: it was refused, given up or taken back.
        """
        pending = self.schema.pending(target)
        if not pending:
            self.say(f"nothing to do: the database has {self.schema.recorded()}")
            return
        was = self.schema.recorded()
        change = self.history.begin(pending[-1].name)
        self._note(change, Happened.PROPOSED, f"from {was}")
        if found := self._found(target):
            self._note(change, Happened.REFUSED, found)
            raise MigrationError(f"refused, and nothing was changed: {found}")
        usual = self._usual()
        self._note(change, Happened.STARTED, "nothing speaks against it")
        self._make(change, pending, was)
        if trouble := self._trouble(usual):
            self._take_back(change, was, trouble)
        self._note(change, Happened.PROMOTED, "verified")
        self._note(change, Happened.STABLE, f"watched for {WATCH_SECONDS:g} s")

    def back(self, to: str | None) -> None:
        """Go back, as people ask: by what was left half-way, else a revision; or to one named.

        Raises:
            MigrationError: there is nothing before it, or something of it is left.
        """
        half, recorded = self.schema.half_made(), self.schema.recorded()
        downwards = to or (recorded if half else self.schema.one_back(recorded))
        change = self.history.latest() or self.history.begin(recorded)
        self._note(change, Happened.ROLLING_BACK, "asked for", Who.PEOPLE)
        try:
            if half is not None:
                self._insist(partial(self.schema.clean, half))
            if downwards != recorded:
                self._insist(partial(self.schema.downgrade, downwards))
            left = self._deviations()
        except MigrationError as error:
            left = str(error)
        if left:
            self._note(change, Happened.FAILED, left, Who.PEOPLE)
            raise MigrationError(f"it is not all gone: {left}")
        self._note(change, Happened.ROLLED_BACK, self.schema.recorded(), Who.PEOPLE)

    def _found(self, target: str | None) -> str:
        """Say what speaks against it; that nobody could try it does, too."""
        try:
            return "; ".join(self.plan(target))
        except MigrationError as error:
            return str(error)

    def _make(self, change: str, pending: Sequence[Revision], was: str) -> None:
        for revision in pending:
            self.say(f"making {revision.name}")
            try:
                self._insist(partial(self._upgrade, revision))
            except MigrationError as error:
                self._take_back(change, was, f"{revision.name}: {error}")

    def _upgrade(self, revision: Revision) -> None:
        """Leave nothing of an attempt that failed: the next one would find it in its way."""
        try:
            self.schema.upgrade(revision)
        except MigrationError:
            if not revision.transactional:
                self._insist(partial(self.schema.clean, revision))
            raise

    def _insist(self, act: Callable[[], Result]) -> Result:
        """Try again where somebody is in the way, a few times.

        Raises:
            MigrationError: it failed, or somebody still was.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return act()
            except BusyError as error:
                self.say(f"attempt {attempt} of {ATTEMPTS}: {error}")
                if attempt == ATTEMPTS:
                    raise
                self.pause(PAUSE_SECONDS)
        raise AssertionError("the last attempt returns or raises")

    def _usual(self) -> Activity:
        before = self.schema.activity()
        self.pause(USUAL_SECONDS)
        return self.schema.activity().since(before)

    def _trouble(self, usual: Activity) -> str | None:
        """Say what is wrong with what was made; that nobody could look is wrong, too."""
        try:
            return self._deviations() or self._watched(usual)
        except MigrationError as error:
            return f"nobody could see whether it does harm: {error}"

    def _deviations(self) -> str:
        return "; ".join(self._insist(self.schema.deviations))

    def _watched(self, usual: Activity) -> str | None:
        before, until = self.schema.activity(), self.clock() + WATCH_SECONDS
        while self.clock() < until:
            if trouble := harm(usual, self.schema.activity().since(before)):
                return trouble
            self.pause(LOOK_SECONDS)
        return None

    def _take_back(self, change: str, was: str, trouble: str) -> None:
        """Raise MigrationError in any case: what was asked for was not done."""
        self._note(change, Happened.ROLLING_BACK, trouble)
        try:
            if self.schema.recorded() != was:
                self._insist(partial(self.schema.downgrade, was))
            left = self._deviations()
        except MigrationError as error:
            left = str(error)
        if left:
            self._note(change, Happened.FAILED, left)
            raise MigrationError(f"{trouble}. It could not be taken back: {left}")
        self._note(change, Happened.ROLLED_BACK, trouble)
        raise MigrationError(f"{trouble}. It was taken back: the database has {was}")

    def _note(self, change: str, event: Happened, why: str, by: Who = Who.ITSELF) -> None:
        self.history.note(change, event, by=by, why=why)
        self.say(f"{event}: {why}")
