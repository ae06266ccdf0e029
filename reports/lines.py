"""Entries in a file, one JSON object a line, each on disk before the writer goes on.

The timeline of a drill, its scaling log and the journal of a run are all kept so.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True)  # no slots: a generic class with them cannot be called by an alias
class Entry(Generic[Kind]):
    at: float  # seconds of CLOCK_MONOTONIC
    wall: datetime
    event: Kind
    details: Mapping[str, Json]


class NotRecordedError(Exception):
    """Something could not be written down; the message is one sentence with a remedy."""


class Appended:
    """A file that one JSON object after the other is added to, a line each."""

    what = "record"  # what the file is, in sentences

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self.file_descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o644)
        except OSError as error:
            raise self._not_recorded(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.file_descriptor)

    def append(self, entry: Mapping[str, Json]) -> None:
        """Add a line; it is on disk before the call returns.

        Raises:
            NotRecordedError: the disk is full or gone; nothing that follows would be known.
        """
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        try:
            with self._lock:
                self._append(line.encode())
        except OSError as error:
            raise self._not_recorded(error) from error

    def read(self) -> bytes:
        """Read what it holds by now, even where its folder was deleted meanwhile."""
        return os.pread(self.file_descriptor, os.fstat(self.file_descriptor).st_size, 0)

    def finish_torn_line(self) -> None:
        """Before adding to what another process wrote: end its last line, or take it off.

        A line that was never finished was never relied on; a whole one lacks its end.
        """
        written = self.read()
        torn = written.rpartition(b"\n")[2]
        if not torn:
            return
        with suppress(OSError):  # a full disk must not keep anybody from mending
            if _is_whole(torn):
                os.write(self.file_descriptor, b"\n")
            else:
                os.ftruncate(self.file_descriptor, len(written) - len(torn))

    def _append(self, line: bytes) -> None:
        size = os.fstat(self.file_descriptor).st_size
        if os.write(self.file_descriptor, line) != len(line):
            os.ftruncate(self.file_descriptor, size)  # the next line is not this one's end
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self.file_descriptor)

    def _not_recorded(self, error: OSError) -> NotRecordedError:
        return NotRecordedError(
            f"{self.path}: the {self.what} cannot be written ({error.strerror}): free space "
            "there, or make it writable, and run the drill again"
        )


class Lines(Appended, Generic[Kind]):
    """Entries of one kind, each with the time at which it was written down."""

    def record(self, event: Kind, **details: Json) -> float:
        """Write one entry down and return its time (seconds of CLOCK_MONOTONIC).

        Raises:
            NotRecordedError: the disk is full or gone; nothing that follows would be known.
        """
        at = time.monotonic()
        wall = datetime.now(UTC).isoformat()
        self.append({"at": at, "wall": wall, "event": event, **details})
        return at


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def parse_lines(data: bytes, path: Path, kind: type[Kind], what: str) -> list[Entry[Kind]]:
    """Parse what such a file holds; a torn last line is left out.

    Raises:
        ValueError: a line that was finished cannot be read; it is named.
    """
    *lines, unfinished = data.split(b"\n")
    entries = [
        _entry(line, kind, f"{path}:{number}: not a {what} entry")
        for number, line in enumerate(lines, start=1)
    ]
    with suppress(ValueError):
        entries.append(_entry(unfinished, kind, str(path)))
    return entries


def _moment(wall: str) -> datetime:
    moment = datetime.fromisoformat(wall)
    if moment.tzinfo is None:
        raise ValueError(f"its 'wall' has no offset from UTC: {wall}")
    return moment


def _entry(line: bytes, kind: type[Kind], complaint: str) -> Entry[Kind]:
    try:
        fields = json.loads(line)
        at, wall = float(fields.pop("at")), _moment(fields.pop("wall"))
        return Entry(at, wall, kind(fields.pop("event")), fields)
    except KeyError as error:
        raise ValueError(f"{complaint}: it has no {error}") from error
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"{complaint}: {error}") from error
