"""The intruder's log: what it tried, and when people noticed and shut it out.

A drill's folder holds it as ``intruder.jsonl``, one JSON object a line. Times are seconds of
CLOCK_MONOTONIC of whoever wrote it; an attempt's is when it began.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from reports.fields import number, read_entries, text
from reports.lines import Appended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_DETECTED, _SHUT_OUT = "detected", "shut out"


class Deed(StrEnum):
    """What an intruder tried."""

    LOGIN = "login"
    SESSION = "session"  # to go on in one that it had before
    READ = "read"
    WRITE = "write"
    ORDER = "order"


class Result(StrEnum):
    """What became of it: the intruder got what it wanted, was refused, or nobody knows."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntruderAttempt:
    """One attempt; ``credential`` names what was used and never holds its secret."""

    at: float
    intruder: str
    credential: str
    what: Deed
    outcome: Result
    subject: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """Somebody was told of the intruder, by this signal."""

    at: float
    signal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutOut:
    """The page's end claims that the intruder is out."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IntruderLog:
    """All of it, each kind in the order of time."""

    attempts: Sequence[IntruderAttempt] = ()
    detections: Sequence[Detected] = ()
    shut_outs: Sequence[ShutOut] = ()

    @property
    def covered_until(self) -> float | None:
        """The last thing that was written down; None where nothing ever was."""
        kinds = (self.attempts, self.detections, self.shut_outs)
        return max((one.at for kind in kinds for one in kind), default=None)


class IntruderLogWriter(Appended):
    """Appends to one intruder's log; an entry is on disk before the call returns."""

    what = "intruder's log"

    def write(self, entry: IntruderAttempt | Detected | ShutOut) -> None:
        """Add an entry.

        Raises:
            NotRecordedError: the disk is full or gone; nothing that follows would be known.
        """
        fields = asdict(entry)
        if not isinstance(entry, IntruderAttempt):
            fields["what"] = _DETECTED if isinstance(entry, Detected) else _SHUT_OUT
        self.append(fields)


def read_intruder_log(path: Path) -> IntruderLog:
    """Read an intruder's log; a torn last line is left out.

    Raises:
        RecordError: a line that was finished cannot be read; the sentence names it.
    """
    entries = sorted(read_entries(path, _entry, "an intruder's log"), key=lambda one: one.at)
    return IntruderLog(
        attempts=tuple(one for one in entries if isinstance(one, IntruderAttempt)),
        detections=tuple(one for one in entries if isinstance(one, Detected)),
        shut_outs=tuple(one for one in entries if isinstance(one, ShutOut)),
    )


def _entry(fields: Mapping[str, Any]) -> IntruderAttempt | Detected | ShutOut:
    return _KINDS.get(text(fields, "what"), _attempt)(fields)


def _attempt(fields: Mapping[str, Any]) -> IntruderAttempt:
    return IntruderAttempt(
        at=number(fields, "at"),
        intruder=text(fields, "intruder"),
        credential=text(fields, "credential"),
        what=Deed(fields["what"]),
        outcome=Result(fields["outcome"]),
        subject=text(fields, "subject"),
        said=text(fields, "said"),
    )


def _detected(fields: Mapping[str, Any]) -> Detected:
    return Detected(at=number(fields, "at"), signal=text(fields, "signal"))


def _shut_out(fields: Mapping[str, Any]) -> ShutOut:
    return ShutOut(at=number(fields, "at"))


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Detected | ShutOut]] = {
    _DETECTED: _detected,
    _SHUT_OUT: _shut_out,
}
