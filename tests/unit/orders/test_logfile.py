"""We believe that a full disk costs log lines alone, that each is counted, and none is torn."""

from __future__ import annotations

import errno
import logging
import os
from typing import TYPE_CHECKING

import pytest

from environments.replica.images.orders.orders.logfile import LogFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from pathlib import Path

NO_ROOM = "a log line could not be written: No space left on device"


class Log:
    """A log file, and how many of its lines were lost."""

    def __init__(self, path: Path, **bounds: int) -> None:
        self.path = path
        self.lost = 0
        self.file = LogFile(path, lost=self._lost_one, **bounds)

    def _lost_one(self) -> None:
        self.lost += 1

    def say(self, words: str) -> None:
        self.file.handle(logging.LogRecord("a", logging.INFO, "", 0, words, None, None))

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "orders.log", most_bytes=20, kept_files=2)
    yield log
    log.file.close()


def test_lines_are_written_at_once_after_those_that_are_there(log: Log) -> None:
    log.path.write_text("before\n")
    log.say("after")
    assert log.lines() == ["before", "after"]
    assert (log.lost, log.file.trouble) == (0, None)


def test_it_rotates_before_it_is_too_long_and_keeps_so_many(log: Log) -> None:
    for number in range(9):
        log.say(f"number {number}")
    files = {file.name: file.read_text() for file in log.path.parent.iterdir()}
    assert files == {
        "orders.log": "number 8\n",
        "orders.log.1": "number 6\nnumber 7\n",
        "orders.log.2": "number 4\nnumber 5\n",
    }


class FullDisk:
    """Takes so many bytes, and then says what a disk without room says."""

    def __init__(self, file: FileIO, room: int) -> None:
        self.room = room
        self._file = file

    def write(self, line: bytes) -> int:
        taken = self._file.write(line[: self.room])
        self.room -= taken
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return taken

    def __getattr__(self, name: str) -> Callable[..., int]:
        method: Callable[..., int] = getattr(self._file, name)
        return method


def test_what_finds_no_room_is_counted_and_what_comes_after_is_whole(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.say("one")
    disk = FullDisk(log.file._file, room=3)  # type: ignore[arg-type] # noqa: SLF001 # no disk of a unit test is full
    monkeypatch.setattr(log.file, "_file", disk)
    for _ in range(3):  # torn, then refused
        log.say("lost")
    assert (log.lost, log.file.trouble) == (3, NO_ROOM)
    assert log.lines() == ["one"]
    disk.room = 5
    log.say("lost again")
    disk.room = 99
    log.say("two")
    assert (log.lost, log.file.trouble) == (4, None)
    assert log.lines() == ["one", "two"]


def test_a_file_that_cannot_be_made_is_tried_again(log: Log) -> None:
    log.path.mkdir()
    log.say("lost")
    assert log.file.trouble == "a log line could not be written: Is a directory"
    log.path.rmdir()
    log.say("kept")
    assert (log.lost, log.lines()) == (1, ["kept"])
