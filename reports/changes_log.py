"""The changes log: what the tools that change the service said of it, one JSON object a line.

A drill's folder holds it as ``changes.jsonl``. A change is a release, a configuration, a
migration or a flag. Times are seconds of CLOCK_MONOTONIC of whoever wrote it: a tool says how
long ago a thing was, so that nobody needs equal clocks. ``asked`` says that a tool was asked
then, and had said by then all that stands in the log: until then nothing is missing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from reports.fields import number, read_entries, share_or_none, text
from reports.lines import Appended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class ChangeKind(StrEnum):
    RELEASE = "release"
    CONFIGURATION = "configuration"
    MIGRATION = "migration"
    FLAG = "flag"


class Step(StrEnum):
    """How far a change has come.

    It ends as refused (before any customer met it), promoted, rolled back or failed; what is
    judged or stable is no step of its own. One that was promoted can still be rolled back.
    """

    PROPOSED = "proposed"
    REFUSED = "refused"
    STARTED = "started"
    STAGE = "stage"
    JUDGED = "judged"
    PROMOTED = "promoted"
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"
    STABLE = "stable"
    FAILED = "failed"


class By(StrEnum):
    """Who did it: the tool by itself, or people through it."""

    ITSELF = "itself"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvent:
    """A change came to a step; ``share`` of the customers' requests meet it, from 0 to 1."""

    at: float
    change: str
    kind: ChangeKind
    event: Step
    share: float | None
    by: By
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesLog:
    """All of it, in the order of time."""

    events: Sequence[ChangeEvent] = ()
    asked_at: float | None = None  # the last time; None where nobody wrote that down

    @property
    def covered_until(self) -> float | None:
        """Until when nothing can be missing; None where nothing was ever said."""
        times = [one.at for one in self.events]
        return max(times if self.asked_at is None else [*times, self.asked_at], default=None)


class ChangesLogWriter(Appended):
    """Appends to one changes log; an entry is on disk before the call returns."""

    what = "changes log"

    def write(self, event: ChangeEvent) -> None:
        """Add what a tool said.

        Raises:
            NotRecordedError: the disk is full or gone; nothing that follows would be known.
        """
        self.append(asdict(event))

    def asked(self, at: float) -> None:
        """Say that a tool was asked at that time, and that all it said by then is written.

        Raises:
            NotRecordedError: the disk is full or gone; nothing that follows would be known.
        """
        self.append({"at": at, "event": _ASKED})


def read_changes_log(path: Path) -> ChangesLog:
    """Read a changes log; a torn last line is left out.

    Raises:
        RecordError: a line that was finished cannot be read; the sentence names it.
    """
    entries = read_entries(path, _entry, "a changes log")
    events = [one for one in entries if isinstance(one, ChangeEvent)]
    asked = [one for one in entries if not isinstance(one, ChangeEvent)]
    return ChangesLog(
        events=tuple(sorted(events, key=lambda one: one.at)), asked_at=max(asked, default=None)
    )


_ASKED = "asked"


def _entry(fields: Mapping[str, Any]) -> ChangeEvent | float:
    if fields["event"] == _ASKED:
        return number(fields, "at")
    return ChangeEvent(
        at=number(fields, "at"),
        change=text(fields, "change"),
        kind=ChangeKind(fields["kind"]),
        event=Step(fields["event"]),
        share=share_or_none(fields, "share"),
        by=By(fields["by"]),
        why=text(fields, "why"),
    )
