"""The ledger: every attempt of a customer, and what the customer was told.

A ledger is a file of fixed 48-byte records, one for each attempt, in the order in which
the attempts began. An attempt is written twice at the same place: as PENDING before its
request leaves, and whole once its answer is in. Both writes go straight to the kernel, so
ending the writer in any way loses nothing that it had written; an attempt that nobody
finished stays PENDING, and counts as UNKNOWN.

Several processes may write one ledger. They take turns to begin an attempt (a lock, which
the kernel takes back from a process that died), so that the records stay whole and in the
order of their times; outcomes need no turn, for each has a place of its own.

Times are seconds of CLOCK_MONOTONIC, which all processes of a host share.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray


class Outcome(IntEnum):
    """What the customer was told."""

    PENDING = 1
    YES = 2
    NO = 3
    UNKNOWN = 4


class Operation(IntEnum):
    CREATE = 1
    READ = 2


class Seen(IntEnum):
    """What an answer showed of the order that it is about.

    An order goes from absent to pending to paid and never back, so that of those three a
    greater one is a later state.
    """

    UNKNOWN = 0  # nothing: no whole answer, or a ledger from before this was written down
    ABSENT = 1  # there is no such order (404)
    PENDING = 2
    PAID = 3
    WRONG = 4  # a success that is not that order: other contents under its key, or none
    ANOTHER = 5  # an order under another key: the number was given again, this one is gone


LEDGER = np.dtype(
    [
        ("key", "<i8"),
        ("value", "<i8"),
        ("began", "<f8"),
        ("ended", "<f8"),  # NaN while PENDING
        ("outcome", "u1"),
        ("operation", "u1"),
        ("status", "<u2"),  # HTTP status, 0 where no answer came
        ("customer", "<u4"),
        ("seen", "u1"),
        ("spare", "V7"),
    ]
)
_RECORD = struct.Struct("<qqddBBHIB7x")

FINAL_READ = np.dtype([("key", "<i8"), ("value", "<i8"), ("settled", "u1")])


class LedgerWriter:
    """Writes to one ledger; a single thread (or greenlets of one thread) may use it.

    It makes the file, which must not be there yet; one that ``joins`` writes to a file that
    another one made, and may be writing to.
    """

    def __init__(self, path: Path, *, joins: bool = False) -> None:
        how = 0 if joins else os.O_CREAT | os.O_EXCL
        self._file = os.open(path, how | os.O_WRONLY, 0o644)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep others from beginning an attempt: its time is taken and written in here."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def began(
        self, *, key: int, value: int, customer: int, operation: Operation, at: float
    ) -> Attempt:
        """Write down an attempt that is about to be sent, over what a dead writer tore off.

        Where others write as well, it is for who has the ``turn``.
        """
        place = os.fstat(self._file).st_size // _RECORD.size * _RECORD.size
        attempt = Attempt(self._file, place, key, value, customer, operation, at)
        attempt.write(ended=float("nan"), outcome=Outcome.PENDING, status=0)
        return attempt


class Attempt:
    """An attempt that has begun, at its place in the ledger."""

    __slots__ = ("_file", "_place", "began", "customer", "key", "operation", "value")

    def __init__(  # noqa: PLR0913, PLR0917 - a record's fields; made thousands of times a second
        self,
        file: int,
        place: int,
        key: int,
        value: int,
        customer: int,
        operation: Operation,
        began: float,
    ) -> None:
        self._file = file
        self._place = place
        self.key = key
        self.value = value
        self.customer = customer
        self.operation = operation
        self.began = began

    def write(
        self, *, ended: float, outcome: Outcome, status: int, seen: Seen = Seen.UNKNOWN
    ) -> None:
        record = _RECORD.pack(
            self.key, self.value, self.began, ended, outcome, self.operation, status,
            self.customer, seen,
        )  # fmt: skip
        written = os.pwrite(self._file, record, self._place)
        if written != _RECORD.size:
            raise OSError(errno.ENOSPC, "the disk is full: the ledger lacks an attempt")


def read_ledger(path: Path) -> NDArray[np.void]:
    """Read a ledger, mapped rather than loaded; a torn last record is left out."""
    whole = path.stat().st_size // LEDGER.itemsize if path.exists() else 0
    if whole == 0:
        return np.empty(0, LEDGER)
    return np.memmap(path, LEDGER, mode="r", shape=(whole,))
