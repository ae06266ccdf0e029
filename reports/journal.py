"""The journal: what one process of a run is about to change, on disk before it does.

It is written so that another process can undo all of it, knowing nothing else. Whoever
holds the journal is its run's runner or mends after it: the kernel gives the lock back
when a process dies, however it dies, so a journal that can be taken belongs to nobody who
lives (flock(2)).
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reports import lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reports.lines import Json


class Note(StrEnum):
    """Everything that a journal can say. Details are named after each."""

    RUN_OPENED = "run opened"  # label, environment, owner, engine
    GUARDED = "guarded"  # guardian: the identity of the process that stands by
    WORLD_PLANNED = "world planned"  # world
    RESOURCE_PLANNED = "resource planned"  # world, kind, name
    RESOURCE_MADE = "resource made"  # world, kind, name
    RESOURCE_GONE = "resource gone"  # world, kind, name
    FAULT_PLANNED = "fault planned"  # world, id, fault, value, nodes, changes
    FAULT_GONE = "fault gone"  # id
    REVERT_FAILED = "revert failed"  # id, why
    WORLD_REMOVED = "world removed"  # world
    REMOVAL_FAILED = "removal failed"  # world, why
    MENDING_STARTED = "mending started"  # by, faults, worlds
    MENDING_ENDED = "mending ended"  # by, seconds, left
    RUN_CLOSED = "run closed"


Entry = lines.Entry[Note]


class JournalHeldError(Exception):
    """Another process holds the journal: its run lives, or is being mended."""


class Journal(lines.Lines[Note]):
    """Appends to one journal and holds it; a torn last line is taken off first.

    ``wait`` waits without limit for whoever holds it, which is what a guardian does.

    Raises:
        JournalHeldError: another process holds it, and ``wait`` is False.
        NotRecordedError: it cannot be opened.
    """

    what = "journal"

    def __init__(self, path: Path, *, wait: bool = False) -> None:
        super().__init__(path)
        try:
            fcntl.flock(self.file_descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            os.close(self.file_descriptor)
            raise JournalHeldError(f"{path}: another process holds this journal") from error
        self.finish_torn_line()

    def entries(self) -> list[Entry]:
        """Parse what it holds by now.

        Raises:
            ValueError: a line that was finished cannot be read; it is named.
        """
        return lines.parse_lines(self.read(), self.path, Note, self.what)


@dataclass(frozen=True, slots=True)
class OpenFault:
    """A fault that was planned and not seen to be gone: it may or may not be there."""

    world: str
    id: str
    fault: str  # as people read it
    value: Mapping[str, Json]  # as it is built again
    changes: Sequence[Mapping[str, str]]  # as an audit of the world reads them


@dataclass(frozen=True, slots=True)
class OpenWorld:
    """A world that was planned and not removed; of ``in_flight`` nobody knows whether it is."""

    id: str
    in_flight: frozenset[tuple[str, str]]  # kind, name


@dataclass(frozen=True, slots=True)
class Left:
    """What a journal says that is left to undo; faults and worlds newest first."""

    label: str
    environment: str
    owner: str
    engine: Mapping[str, str]
    guardian: str | None
    faults: tuple[OpenFault, ...]
    worlds: tuple[OpenWorld, ...]
    worlds_ever: frozenset[str]  # removed ones too
    is_closed: bool

    @property
    def is_nothing(self) -> bool:
        return not self.faults and not self.worlds


def read_journal(path: Path) -> list[Entry]:
    """Read a journal; a torn last line is left out.

    Raises:
        ValueError: a line that was finished cannot be read; it is named.
    """
    return lines.parse_lines(path.read_bytes(), path, Note, Journal.what)


def what_is_left(entries: Sequence[Entry]) -> Left | None:
    """Work out what has to be undone; None where not even the run was opened. Pure.

    Raises:
        ValueError: an entry lacks a detail.
    """
    opened = next((entry for entry in entries if entry.event is Note.RUN_OPENED), None)
    if opened is None:
        return None
    faults: dict[str, OpenFault] = {}
    worlds: dict[str, set[tuple[str, str]]] = {}
    for entry in entries:
        match entry.event:
            case Note.WORLD_PLANNED:
                worlds[_text(entry, "world")] = set()
            case Note.RESOURCE_PLANNED:
                worlds[_text(entry, "world")].add(_resource(entry))
            case Note.RESOURCE_MADE | Note.RESOURCE_GONE:
                worlds[_text(entry, "world")].discard(_resource(entry))
            case Note.WORLD_REMOVED:
                removed = _text(entry, "world")
                worlds.pop(removed, None)
                faults = {name: one for name, one in faults.items() if one.world != removed}
            case Note.FAULT_PLANNED:
                faults[_text(entry, "id")] = _open_fault(entry)
            case Note.FAULT_GONE:
                faults.pop(_text(entry, "id"), None)
            case _:
                pass
    return Left(
        label=_text(opened, "label"),
        environment=_text(opened, "environment"),
        owner=_text(opened, "owner"),
        engine={name: str(value) for name, value in _mapping(opened, "engine").items()},
        guardian=_guardian(entries),
        faults=tuple(reversed(faults.values())),
        worlds=tuple(
            OpenWorld(world, frozenset(flying)) for world, flying in reversed(worlds.items())
        ),
        worlds_ever=frozenset(
            _text(entry, "world") for entry in entries if entry.event is Note.WORLD_PLANNED
        ),
        is_closed=entries[-1].event is Note.RUN_CLOSED,
    )


def _open_fault(entry: Entry) -> OpenFault:
    return OpenFault(
        world=_text(entry, "world"),
        id=_text(entry, "id"),
        fault=_text(entry, "fault"),
        value=_mapping(entry, "value"),
        changes=_changes(entry),
    )


def _changes(entry: Entry) -> Sequence[Mapping[str, str]]:
    changes = entry.details.get("changes")
    if not isinstance(changes, list):
        raise _lacks(entry, "changes")
    return [{str(name): str(value) for name, value in change.items()} for change in changes]


def _guardian(entries: Sequence[Entry]) -> str | None:
    """The identity of the guardian that stands by, the last one if there were several."""
    guards = [_text(entry, "guardian") for entry in entries if entry.event is Note.GUARDED]
    return guards[-1] if guards else None


def _resource(entry: Entry) -> tuple[str, str]:
    return _text(entry, "kind"), _text(entry, "name")


def _text(entry: Entry, detail: str) -> str:
    value = entry.details.get(detail)
    if not isinstance(value, str):
        raise _lacks(entry, detail)
    return value


def _mapping(entry: Entry, detail: str) -> Mapping[str, Json]:
    value = entry.details.get(detail)
    if not isinstance(value, dict):
        raise _lacks(entry, detail)
    return value


def _lacks(entry: Entry, detail: str) -> ValueError:
    return ValueError(f"the journal's entry {entry.event.value!r} lacks its {detail!r}")
