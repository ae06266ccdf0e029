"""The timeline: what happened in a drill, one JSON object a line, fsynced, one clock."""

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
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


class Event(StrEnum):
    """Everything that a timeline can say. Details are named after each."""

    DRILL_STARTED = "drill started"  # scenario, title, environment, requirements, runbooks
    STEADY_BEFORE = "steady state before"  # deviations
    LOAD_STARTED = "load started"  # users, attempts_per_second, customer
    LOAD_STEADY = "load steady"
    FAULT_PLANNED = "fault planned"  # fault, nodes, id
    FAULT_STARTED = "fault started"  # id
    FAULT_TOOK_EFFECT = "fault took effect"  # id
    FAULT_NOT_SEEN = "fault not seen to take effect"  # id, why
    REVERT_STARTED = "revert started"  # id
    FAULT_GONE = "fault gone"  # id
    REVERT_FAILED = "revert failed"  # id, why
    RUNBOOK_STARTED = "runbook started"  # runbook, title, allowance_seconds
    STEP_STARTED = "step started"  # runbook, line, heading, title, node, command
    STEP_ENDED = "step ended"  # runbook, line, exit_code, output, seconds, failure
    RUNBOOK_ENDED = "runbook ended"  # runbook
    RECOVERY_SEEN = "recovery seen"
    WATCH_ENDED = "watch ended"  # why
    STEADY_AFTER = "steady state after"  # deviations
    LOAD_STOPPED = "load stopped"
    FINAL_READ = "final read"  # rows
    OBJECTIVES = "objectives"  # the fields of Objectives
    OBSTACLE = "obstacle"  # why: the verdict cannot be MET, for this reason
    BREACH = "breach"  # why: something certain that makes the verdict MISSED
    NODE_LOG = "node log"  # node, file
    VERDICT = "verdict"  # outcome, reasons


@dataclass(frozen=True, slots=True)
class Entry:
    at: float  # seconds of CLOCK_MONOTONIC
    wall: datetime
    event: Event
    details: Mapping[str, Json]


class NotRecordedError(Exception):
    """The timeline could not be written; the message is one sentence with a remedy."""


class Timeline:
    """Appends to one timeline; an entry is on disk before the call returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self.file_descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.file_descriptor)

    def record(self, event: Event, **details: Json) -> float:
        """Write one entry down and return its time (seconds of CLOCK_MONOTONIC).

        Raises:
            NotRecordedError: the disk is full or gone; nothing that follows would be known.
        """
        at = time.monotonic()
        entry = {"at": at, "wall": datetime.now(UTC).isoformat(), "event": event, **details}
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        try:
            with self._lock:
                self._append(line.encode())
        except OSError as error:
            raise NotRecordedError(
                f"{self.path}: the timeline cannot be written ({error.strerror}): free space "
                "there and run the drill again"
            ) from error
        return at

    def _append(self, line: bytes) -> None:
        if os.write(self.file_descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self.file_descriptor)


def read_timeline(path: Path) -> list[Entry]:
    """Read a timeline; a torn last line is left out.

    Raises:
        ValueError: a line that was finished cannot be read; it is named.
    """
    *lines, unfinished = path.read_bytes().split(b"\n")
    entries = [_entry(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)]
    with suppress(ValueError):
        entries.append(_entry(unfinished, f"{path}:{len(lines) + 1}"))
    return entries


def _entry(line: bytes, place: str) -> Entry:
    try:
        fields = json.loads(line)
        at, wall = float(fields.pop("at")), datetime.fromisoformat(fields.pop("wall"))
        return Entry(at, wall, Event(fields.pop("event")), fields)
    except KeyError as error:
        raise ValueError(f"{place}: not a timeline entry: it has no {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{place}: not a timeline entry: {error}") from error
