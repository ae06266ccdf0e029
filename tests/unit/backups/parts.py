"""What the tests are made of: backups, pgBackRest's information, programs that play a part."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from environments.replica.images.backup.backups.archiver import Archiver
from environments.replica.images.backup.backups.catalogue import Backup, Catalogue
from environments.replica.images.backup.backups.runs import Kind, Run

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000
HOUR, DAY = 3600, 86400
WELL = Archiver(waiting=0, failed_after_success=False, seconds_since_archived=12.5)


def backup(
    *,
    age: int,
    kind: str = "full",
    size: int = 1000,
    has_errors: bool = False,
    now: int = NOW,
) -> Backup:
    stopped = now - age
    return Backup(
        label=f"{stopped}{kind[0].upper()}",
        kind=kind,
        started=stopped - 7,
        stopped=stopped,
        database_bytes=size,
        repository_bytes=size // 10,
        has_errors=has_errors,
        references=(),
    )


def catalogue(*backups: Backup, trouble: str | None = None) -> Catalogue:
    return Catalogue(
        backups=tuple(sorted(backups, key=lambda backup: backup.stopped)),
        trouble=trouble,
        cipher="aes-256-cbc",
        database_version="17",
        newest_segment="000000010000000000000009",
    )


def run(
    kind: Kind, *, exit_code: int = 0, said: str = "", trouble: tuple[str, ...] = ()
) -> Run:
    return Run(
        kind=kind,
        began=NOW - 100.0,
        ended=NOW - 90.0,
        exit_code=exit_code,
        last_lines=tuple(said.splitlines()),
        trouble=trouble,
    )


def information(*backups: Backup, code: int = 0, message: str = "ok") -> list[dict[str, Any]]:
    """What pgBackRest 2.55 prints for these, as far as the program reads it, and some more."""
    return [
        {
            "archive": [
                {
                    "database": {"id": 1, "repo-key": 1},
                    "id": "17-1",
                    "max": "000000010000000000000009",
                    "min": "000000010000000000000001",
                }
            ],
            "backup": [_told(backup) for backup in backups],
            "cipher": "aes-256-cbc",
            "db": [{"id": 1, "repo-key": 1, "system-id": 7_400_000_000, "version": "17"}],
            "name": "muster",
            "repo": [
                {
                    "cipher": "aes-256-cbc",
                    "key": 1,
                    "status": {"code": code, "message": message},
                }
            ],
            "status": {
                "code": code,
                "lock": {"backup": {"held": False}},
                "message": message,
            },
        }
    ]


def _told(backup: Backup) -> dict[str, Any]:
    return {
        "archive": {"start": "000000010000000000000003", "stop": "000000010000000000000003"},
        "backrest": {"format": 5, "version": "2.55"},
        "database": {"id": 1, "repo-key": 1},
        "error": backup.has_errors,
        "info": {
            "delta": backup.database_bytes,
            "repository": {"delta": backup.repository_bytes},
            "size": backup.database_bytes,
        },
        "label": backup.label,
        "prior": None,
        "reference": list(backup.references) or None,
        "timestamp": {"start": backup.started, "stop": backup.stopped},
        "type": backup.kind,
    }


class Programs:
    """A folder, first on PATH, of shell scripts; each notes its arguments when it is called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def write(self, name: str, script: str) -> None:
        path = self.folder / name
        calls = self.folder / f"{name}.calls"
        path.write_text(f'#!/bin/sh\necho "$*" >>"{calls}"\n{script}\n')
        path.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        path = self.folder / f"{name}.calls"
        return path.read_text().splitlines() if path.exists() else []

    def tell(self, *backups: Backup, code: int = 0, message: str = "ok") -> None:
        """Make pgbackrest tell of these backups."""
        told = self.folder / "information.json"
        told.write_text(json.dumps(information(*backups, code=code, message=message)))
        version = 'if [ "$1" = version ]; then echo "pgBackRest 2.55.1"; exit; fi'
        self.write("pgbackrest", f'{version}\ncat "{told}"')
