"""What a repository holds, from ``pgbackrest info --output=json``.

(pgbackrest.org/command.html#command-info)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .unknown import UnknownError

KINDS = ("full", "diff", "incr")
_YEAR_10000 = 253_402_300_800


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """``started`` and ``stopped`` are seconds since 1970.

    ``repository_bytes`` is what this backup alone added to the repository, compressed;
    ``references`` are the backups without which it cannot be restored, oldest first.
    """

    label: str
    kind: str
    started: int
    stopped: int
    database_bytes: int
    repository_bytes: int
    has_errors: bool
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """``backups`` are in the order in which they ended.

    ``trouble`` is pgBackRest's own word on what is wrong with the stanza, None where nothing
    is. ``newest_segment`` is the last file of WAL in the repository.
    """

    backups: tuple[Backup, ...]
    trouble: str | None
    cipher: str
    database_version: str | None
    newest_segment: str | None

    @property
    def newest(self) -> Backup | None:
        return self.backups[-1] if self.backups else None

    def of_kind(self, *kinds: str) -> tuple[Backup, ...]:
        return tuple(backup for backup in self.backups if backup.kind in kinds)


def parse(text: str, stanza: str) -> Catalogue:
    """Read what pgBackRest printed.

    Raises:
        UnknownError: it is not what pgBackRest prints, or does not tell of the stanza.
    """
    try:
        told = {entry["name"]: entry for entry in json.loads(text)}
        return _catalogue(told[stanza])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnknownError(
            f"pgbackrest's information makes no sense ({type(error).__name__}: {error}): "
            f"see what pgbackrest info prints for {stanza}"
        ) from error


# What json.loads gives is Any; each value below is checked before it becomes ours.
def _catalogue(entry: Any) -> Catalogue:  # noqa: ANN401 - parsed JSON
    backups = sorted(map(_backup, entry["backup"]), key=lambda backup: backup.stopped)
    databases = entry.get("db", [])
    archives = entry.get("archive", [])
    return Catalogue(
        backups=tuple(backups),
        trouble=_trouble(entry),
        cipher=_text(entry.get("cipher", "none")),
        database_version=_text(databases[-1]["version"]) if databases else None,
        newest_segment=_text_or_none(archives[-1]["max"]) if archives else None,
    )


def _backup(entry: Any) -> Backup:  # noqa: ANN401 - parsed JSON
    info = entry["info"]
    return Backup(
        label=_text(entry["label"]),
        kind=_kind(entry["type"]),
        started=_moment(entry["timestamp"]["start"]),
        stopped=_moment(entry["timestamp"]["stop"]),
        database_bytes=_count(info["size"]),
        repository_bytes=_count(info["repository"]["delta"]),
        has_errors=_truth(entry.get("error") or False),
        references=tuple(map(_text, entry["reference"] or ())),
    )


def _trouble(entry: Any) -> str | None:  # noqa: ANN401 - parsed JSON
    """Give the stanza's message; where it is vague, the repository's says what it means."""
    places = [entry, *entry.get("repo", [])]
    messages = [
        _text(place["status"]["message"])
        for place in places
        if _count(place["status"]["code"]) != 0
    ]
    return ": ".join(dict.fromkeys(messages)) or None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _kind(value: object) -> str:
    if value not in KINDS:
        raise ValueError(f"{value!r} is no type of backup")
    return _text(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _moment(value: object) -> int:
    seconds = _count(value)
    if seconds >= _YEAR_10000:
        raise ValueError(f"{value!r} is no moment")
    return seconds


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value
