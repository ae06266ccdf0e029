"""What ``pgbackrest verify --output=text --verbose`` found wrong.

Its exit code says only that it could look, so its report is read
(pgbackrest.org/command.html#command-verify).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SUBJECT = re.compile(r"^\s*((?:archiveId|backup): [^,]+)")
_STATUS = re.compile(r"\bstatus: ([a-z -]+)")
_FINE = {"ok", "valid", "in-progress"}
_WRONG = re.compile(r"\b(?:missing|checksum invalid|size invalid|other): [1-9]\d*")
_COUNTS = re.compile(r"\btotal .+ checked: (\d+), total valid .+: (\d+)")
_UNUSABLE = re.compile(r"\bNo usable \S+ file")


def trouble(report: Iterable[str]) -> tuple[str, ...]:
    """Say what is wrong, each thing once; empty when the report says that all is well."""
    lines = list(report)
    if not any(_STATUS.search(line) for line in lines):
        return ("there is no report",)
    return tuple(dict.fromkeys(_wrong(lines)))


def _wrong(lines: Iterable[str]) -> Iterator[str]:
    subject = "repository"
    for line in lines:
        if named := _SUBJECT.search(line):
            subject = named[1]
        yield from (f"{subject}, {words}" for words in _wrong_in(line))


def _wrong_in(line: str) -> Iterator[str]:
    status = _STATUS.search(line)
    if status and status[1] not in _FINE:
        yield status[0]
    counts = _COUNTS.search(line)
    if counts and counts[1] != counts[2] and "in-progress" not in line:
        yield f"{counts[2]} of {counts[1]} files are valid"
    yield from (found[0] for found in _WRONG.finditer(line))
    yield from (found[0] for found in _UNUSABLE.finditer(line))
