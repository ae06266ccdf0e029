"""Reads the versioned schedules as cron does, and says what falls due when.

Of cron's language it takes what the schedules use (numbers, ranges, lists, steps), and
refuses the rest (crontab(5)). Times are UTC, as in the repository hosts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEDULES = Path(__file__).parents[3] / "environments/replica/images/backup/schedules"
_LINE = re.compile(r"(\S+ \S+ \S+ \S+ \S+) root /usr/local/bin/backup-job (\S+)")
_PART = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?")
_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


@dataclass(frozen=True, slots=True, order=True)
class Due:
    at: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class Job:
    """``weekdays`` counts from Sunday, which is 0."""

    kind: str
    minutes: frozenset[int]
    hours: frozenset[int]
    weekdays: frozenset[int]

    def on(self, day: date) -> Iterator[Due]:
        if day.isoweekday() % 7 in self.weekdays:
            for hour, minute in product(self.hours, self.minutes):
                yield Due(datetime.combine(day, time(hour, minute), UTC), self.kind)


def read_schedule(name: str) -> tuple[Job, ...]:
    """Read a schedule of the image by its name.

    Raises:
        ValueError: a line is none that this reader understands to the last character.
    """
    lines = (SCHEDULES / f"{name}.cron").read_text("utf-8").splitlines()
    return tuple(parse(line) for line in lines if not line.startswith("#"))


def parse(line: str) -> Job:
    """Read a job's line.

    Raises:
        ValueError: it is none that this reader understands to the last character.
    """
    matched = _LINE.fullmatch(line)
    if matched is None:
        raise ValueError(f"{line!r} is no line of a schedule")
    words, kind = matched.groups()
    minutes, hours, *date_fields, weekdays = map(_field, words.split(), _LIMITS)
    if date_fields != [frozenset(range(1, 32)), frozenset(range(1, 13))]:
        raise ValueError(f"{line!r} names days of a month, which no schedule does")
    return Job(kind, minutes, hours, weekdays)


def _field(word: str, limits: tuple[int, int]) -> frozenset[int]:
    return frozenset().union(*(_part(part, limits) for part in word.split(",")))


def _part(word: str, limits: tuple[int, int]) -> range:
    matched = _PART.fullmatch(word)
    if matched is None:
        raise ValueError(f"{word!r} is no part of a field")
    first, last, step = matched.groups()
    if first is None:
        values = range(limits[0], limits[1] + 1, int(step or 1))
    elif step is None:
        values = range(int(first), int(last or first) + 1)
    else:
        raise ValueError(f"{word!r} has a step in a range, which no schedule has")
    if not values or values[0] < limits[0] or values[-1] > limits[1]:
        raise ValueError(f"{word!r} is not within {limits[0]}-{limits[1]}")
    return values


def falls_due(name: str, first: datetime, last: datetime) -> list[Due]:
    """Give what falls due from ``first`` until before ``last``, in order."""
    jobs = read_schedule(name)
    days = [first.date() + timedelta(n) for n in range((last.date() - first.date()).days + 1)]
    every = (due for day in days for job in jobs for due in job.on(day))
    return sorted(due for due in every if first <= due.at < last)
