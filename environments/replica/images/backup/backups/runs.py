"""The record that each job leaves: how its last run went, one file for each kind of job."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from .unknown import Unknown, UnknownError, known_or_why

if TYPE_CHECKING:
    from pathlib import Path

LINES_KEPT = 20


class Kind(StrEnum):
    FULL = "full"
    DIFF = "diff"
    INCR = "incr"
    VERIFY = "verify"
    CHECK = "check"

    @property
    def is_backup(self) -> bool:
        return self in {Kind.FULL, Kind.DIFF, Kind.INCR}

    @property
    def record(self) -> str:
        return f"last-{'backup' if self.is_backup else self}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``began`` and ``ended`` are seconds since 1970; ``trouble`` is what a verify found."""

    kind: Kind
    began: float
    ended: float
    exit_code: int
    last_lines: tuple[str, ...]
    trouble: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return self.exit_code != 0 or bool(self.trouble)

    @property
    def complaint(self) -> str:
        """Give its last line of an error, or else simply its last line."""
        said = [line for line in self.last_lines if line.strip()]
        errors = [line[line.index("ERROR") :] for line in said if "ERROR" in line]
        return (errors or said or ["it said nothing"])[-1].strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The last run of each, None where there was none yet."""

    backup: Run | Unknown | None = None
    verify: Run | Unknown | None = None
    check: Run | Unknown | None = None


def write_run(folder: Path, run: Run) -> None:
    """Write the record; it appears whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / run.kind.record
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    unfinished.write_text(json.dumps(asdict(run)), "utf-8")
    unfinished.replace(path)


def read_runs(folder: Path) -> Runs:
    return Runs(
        backup=known_or_why(partial(_read, folder / Kind.FULL.record)),
        verify=known_or_why(partial(_read, folder / Kind.VERIFY.record)),
        check=known_or_why(partial(_read, folder / Kind.CHECK.record)),
    )


def _read(path: Path) -> Run | None:
    try:
        record = json.loads(path.read_text("utf-8"))
        return Run(
            kind=Kind(record["kind"]),
            began=float(record["began"]),
            ended=float(record["ended"]),
            exit_code=int(record["exit_code"]),
            last_lines=tuple(str(line) for line in record["last_lines"]),
            trouble=tuple(str(line) for line in record["trouble"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnknownError(f"{path} cannot be read: run that job again") from error
