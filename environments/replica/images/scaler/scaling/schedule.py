"""Peaks that are known beforehand: times in UTC at which there are more instances."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = {"days", "from", "until", "at", "minimum"}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class ScheduleError(Exception):
    """A peak cannot be read: its key, and what is wrong with it, which reads on from there."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


class _When(Protocol):
    def covers(self, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True)
class Peak:
    minimum: int
    when: _When

    def is_on(self, now: datetime) -> bool:
        return self.when.covers(now.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Weekly:
    """From one time of these days until another, of the next day where it is no later."""

    days: frozenset[int]
    begins: time
    ends: time

    def covers(self, now: datetime) -> bool:
        yesterday = (now - timedelta(days=1)).weekday()
        if self.begins < self.ends:
            return now.weekday() in self.days and self.begins <= now.time() < self.ends
        began_today = now.weekday() in self.days and now.time() >= self.begins
        return began_today or (yesterday in self.days and now.time() < self.ends)


@dataclass(frozen=True, slots=True)
class Once:
    begins: datetime
    ends: datetime

    def covers(self, now: datetime) -> bool:
        return self.begins <= now < self.ends


def read_peak(table: Mapping[str, object], minimum: int) -> Peak:
    """Read when a peak is.

    Raises:
        ScheduleError: it does not say so.
    """
    if "at" in table:
        if others := sorted({"days", "from", "until"} & table.keys()):
            raise ScheduleError(
                "at", f"stands beside {', '.join(others)}: keep one or the other"
            )
        return Peak(minimum, _once(table["at"]))
    return Peak(minimum, Weekly(_days(table), _time(table, "from"), _time(table, "until")))


def _once(text: object) -> Once:
    """Read "BEGIN/END", two moments of ISO 8601 with their offset from UTC."""
    begin, _, end = str(text).partition("/")
    try:
        once = Once(datetime.fromisoformat(begin), datetime.fromisoformat(end))
        if once.begins < once.ends:
            return once
    except (ValueError, TypeError):
        pass  # no moments, or one without an offset: said below
    raise ScheduleError(
        "at",
        f"is {text!r}: write two moments, such as"
        " '2026-11-27T09:00:00+00:00/2026-11-27T10:30:00+00:00'",
    )


def _days(table: Mapping[str, object]) -> frozenset[int]:
    days = table.get("days")
    if isinstance(days, list) and days and all(day in DAYS for day in days):
        return frozenset(DAYS.index(day) for day in days)
    raise ScheduleError("days", f"is {days!r}: write a list of {', '.join(DAYS)}")


def _time(table: Mapping[str, object], key: str) -> time:
    text = table.get(key)
    if isinstance(text, str) and _TIME.fullmatch(text):
        return time.fromisoformat(text)
    raise ScheduleError(key, f"is {text!r}: write a time of UTC, such as '08:30'")
