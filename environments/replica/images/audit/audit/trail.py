"""The trail on disk: what was appended is there before anybody is told so."""

from __future__ import annotations

import os
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .chain import START, Anchor, Entry, link, read_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from io import FileIO
    from pathlib import Path


class Trail:
    """Appends to one file, whose only writer this is."""

    def __init__(
        self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._path = path
        self._clock = clock
        self.head = _last(path)

    def append(self, told: Sequence[Mapping[str, object]], source: str) -> Anchor:
        """Append these entries, all or none; give the new head.

        Raises:
            OSError: the disk did not take them.
            ValueError: one has what no line can have.
        """
        received = self._clock().isoformat()
        head, lines = self.head, []
        for one in told:
            entry = _entry(one, head.number + 1, received, source)
            head, line = link(entry, head)
            lines.append(line)
        self._write(b"".join(lines))
        self.head = head
        return head

    def lines(self) -> Iterator[bytes]:
        """Give every line, as far as it was appended when asked."""
        until = self.head.number
        if until == 0:
            return
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield line
                if number == until:
                    return

    def _write(self, lines: bytes) -> None:
        """Write all of it or nothing: half an entry would look like an edit."""
        with self._path.open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            try:
                _write_all(file, lines)
            except OSError:
                file.truncate(size)
                raise


def _write_all(file: FileIO, lines: bytes) -> None:
    written = file.write(lines)
    if written != len(lines):
        raise OSError(f"the disk took {written} of {len(lines)} bytes")
    os.fsync(file.fileno())


def _entry(told: Mapping[str, object], number: int, received: str, source: str) -> Entry:
    details = told.get("details") or {}
    if not isinstance(details, dict):
        raise ValueError("details is not an object")  # noqa: TRY004 - of what it was told
    texts = {
        name: str(told.get(name) or "")
        for name in ("at", "actor", "action", "subject", "request_id")
    }
    return Entry(number=number, received=received, source=source, details=details, **texts)


def _last(path: Path) -> Anchor:
    """Give the head of a trail that is there already."""
    if not path.exists():
        return START
    with path.open("rb") as file:
        last = deque(file, maxlen=1)
    return read_line(last[0])[1] if last else START
