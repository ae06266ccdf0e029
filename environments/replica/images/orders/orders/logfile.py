"""Log lines in a file that rotates. A disk that has no room costs lines, and nothing else."""

from __future__ import annotations

import errno
import logging
import os
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO
    from pathlib import Path

MOST_BYTES = 1_000_000  # of one file
KEPT_FILES = 3  # besides the one that is written


class LogFile(logging.Handler):
    """Writes each line whole or not at all, and tells ``lost`` of each that it could not.

    Nothing is buffered: the standard library's handlers keep what a full disk did not take,
    and write it among later lines. ``trouble`` is why the last line was lost, if it was.
    """

    def __init__(
        self,
        path: Path,
        *,
        lost: Callable[[], None],
        most_bytes: int = MOST_BYTES,
        kept_files: int = KEPT_FILES,
    ) -> None:
        super().__init__()
        self.trouble: str | None = None
        self._path = path
        self._lost = lost
        self._most_bytes = most_bytes
        self._kept_files = kept_files
        self._file: FileIO | None = None

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n".encode()
        try:
            self._write(line)
        except OSError as error:
            self.trouble = f"a log line could not be written: {error.strerror}"
            self._lost()
        else:
            self.trouble = None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        super().close()

    def _write(self, line: bytes) -> None:
        if self._file is not None and self._file.tell() + len(line) > self._most_bytes:
            self._rotate(self._file)
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
        size = self._file.tell()
        if self._file.write(line) != len(line):
            self._file.seek(self._file.truncate(size))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _rotate(self, full: FileIO) -> None:
        """Make every file one older; the oldest is gone."""
        full.close()
        self._file = None
        ages = [self._path, *(self._aged(age) for age in range(1, self._kept_files + 1))]
        for younger, older in reversed(list(pairwise(ages))):
            if younger.exists():
                younger.replace(older)

    def _aged(self, age: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{age}")
