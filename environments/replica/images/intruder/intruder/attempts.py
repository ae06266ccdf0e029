"""The record of an intruder's attempts: one JSON object a line, on disk before the next one.

Times are seconds of CLOCK_MONOTONIC, which all processes of one host share.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

FILE_VARIABLE, NAME_VARIABLE = "ATTEMPTS", "INTRUDER"
SAID_CHARACTERS = 200


class What(StrEnum):
    LOGIN = "login"
    SESSION = "session"  # one that is open still
    READ = "read"
    WRITE = "write"
    ORDER = "order"


class Outcome(StrEnum):
    IN = "in"
    OUT = "out"  # refused for the credential, or its session was ended
    UNKNOWN = "unknown"  # nobody answered: that is no word about the credential


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    at: float
    intruder: str
    credential: str  # its name, never what it is
    what: What
    outcome: Outcome
    subject: str
    said: str


@dataclass(frozen=True, slots=True)
class Record:
    """Appends attempts with one credential."""

    path: Path
    intruder: str
    credential: str

    def note(self, what: What, outcome: Outcome, *, subject: str = "", said: str = "") -> None:
        attempt = Attempt(
            at=time.monotonic(),
            intruder=self.intruder,
            credential=self.credential,
            what=what,
            outcome=outcome,
            subject=subject,
            said=said.strip()[:SAID_CHARACTERS],
        )
        line = f"{json.dumps(asdict(attempt))}\n".encode()
        with self.path.open("ab", buffering=0) as file:  # one write: a line is whole or absent
            file.write(line)
            os.fsync(file.fileno())


def record_of(credential: str) -> Record:
    """Give the record that this node's variables name."""
    return Record(Path(os.environ[FILE_VARIABLE]), os.environ[NAME_VARIABLE], credential)


def main(arguments: list[str]) -> None:
    credential, what, outcome, subject, said = arguments
    record_of(credential).note(What(what), Outcome(outcome), subject=subject, said=said)


if __name__ == "__main__":
    main(sys.argv[1:])
