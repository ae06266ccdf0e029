"""Belief: whatever ends the writer, what it had written can be read."""

from __future__ import annotations

import struct
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.ledger import LEDGER, LedgerWriter, Operation, Outcome, Seen, read_ledger

if TYPE_CHECKING:
    from pathlib import Path


def test_an_attempt_is_pending_until_it_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "ledger.bin"
    with LedgerWriter(path) as writer:
        first = writer.began(key=7, value=70, customer=3, operation=Operation.CREATE, at=1.5)
        writer.began(key=8, value=80, customer=4, operation=Operation.READ, at=1.75)
        assert list(read_ledger(path)["outcome"]) == [Outcome.PENDING, Outcome.PENDING]
        assert np.isnan(read_ledger(path)["ended"]).all()
        first.write(ended=2.0, outcome=Outcome.YES, status=201, seen=Seen.PAID)
    *record, spare = read_ledger(path)[0].item()
    assert record == [7, 70, 1.5, 2.0, Outcome.YES, Operation.CREATE, 201, 3, Seen.PAID]
    assert spare == bytes(7)
    assert read_ledger(path)["outcome"][1] == Outcome.PENDING


def test_a_ledger_from_before_anything_seen_was_written_down_can_be_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.bin"
    path.write_bytes(struct.pack("<qqddBBHIQ", 7, 70, 1.5, 2.0, 2, 1, 201, 3, 0))
    record = read_ledger(path)[0]
    assert (record["key"], record["customer"], record["seen"]) == (7, 3, Seen.UNKNOWN)


def test_a_torn_last_record_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.bin"
    path.write_bytes(np.zeros(2, LEDGER).tobytes()[:-1])
    assert read_ledger(path).size == 1


def test_a_ledger_that_is_missing_or_empty_has_no_records(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "ledger.bin").size == 0
    (tmp_path / "ledger.bin").touch()
    assert read_ledger(tmp_path / "ledger.bin").size == 0


def test_a_ledger_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "ledger.bin").touch()
    with pytest.raises(FileExistsError):
        LedgerWriter(tmp_path / "ledger.bin")


def test_several_writers_keep_one_ledger_whole_and_in_order(tmp_path: Path) -> None:
    path, each = tmp_path / "ledger.bin", 2_000
    with LedgerWriter(path):
        pass
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", _WRITER, str(path), str(number), str(each)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                )
            )
            for number in range(3)
        ]  # fmt: skip
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()  # it is ready
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.close()  # and off they go

    ledger = read_ledger(path)
    assert sorted(ledger["key"].tolist()) == list(range(3 * each))
    assert set(ledger["outcome"].tolist()) == {Outcome.YES}
    assert (np.diff(ledger["began"]) > 0).all()
    taken_in_turns = np.count_nonzero(np.diff(ledger["key"] % 3))
    assert taken_in_turns > 20, "they wrote one after the other: nothing was tried"


_WRITER = """
import os, pathlib, sys, time
from reports.ledger import LedgerWriter, Operation, Outcome
path, number, each = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with LedgerWriter(path, joins=True) as ledger:
    print("ready", flush=True)
    sys.stdin.read()
    for turn in range(each):
        with ledger.turn():
            at = time.monotonic()
            os.sched_yield()  # as late as can be, between the two
            attempt = ledger.began(key=number + 3 * turn, value=1, customer=number,
                operation=Operation.CREATE, at=at)
        os.sched_yield()
        attempt.write(ended=time.monotonic(), outcome=Outcome.YES, status=201)
"""


def test_what_a_dead_writer_tore_off_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.bin"
    path.write_bytes(np.zeros(2, LEDGER).tobytes()[:-1])
    with LedgerWriter(path, joins=True) as writer:
        writer.began(key=7, value=70, customer=3, operation=Operation.CREATE, at=1.5)

    assert read_ledger(path)["key"].tolist() == [0, 7]


def test_a_ledger_that_is_not_there_cannot_be_joined(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LedgerWriter(tmp_path / "ledger.bin", joins=True)
