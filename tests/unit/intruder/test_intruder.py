"""We believe that every attempt is written down as what it was, and no silence as a refusal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from environments.replica.images.intruder.intruder.attempts import Outcome, Record, What, main
from environments.replica.images.intruder.intruder.database import (
    CHANGE,
    DELETE,
    FORGE,
    READ,
    Intruder,
    Session,
    why_not,
)

if TYPE_CHECKING:
    from pathlib import Path

SHUT_OUT = 'FATAL:  role "orders_a" is not permitted to log in'
CUT = "FATAL:  terminating connection due to administrator command"
SILENT = "no answer within 4 s"


@dataclass
class Database:
    """What it lets in, and what it was asked."""

    logins: str = ""  # why they are refused; "": they are not
    sessions: str = ""
    asked: list[str] = field(default_factory=list)
    closed: int = 0

    def log_in(self) -> tuple[Outcome, str]:
        return (why_not(self.logins), self.logins) if self.logins else (Outcome.IN, "in")

    def ask(self, statement: str) -> tuple[Outcome, str]:
        if self.sessions:
            return why_not(self.sessions), self.sessions
        self.asked.append(statement)
        return Outcome.IN, "order 1\norder 2"

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "attempts.jsonl"


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def intruder(path: Path, database: Database) -> Intruder:
    record = Record(path, "intruder-inside", "database login orders_a")
    return Intruder(record, database.log_in, lambda: cast("Session", database))


def attempts(path: Path) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(one["what"], one["outcome"]) for one in lines]


def test_it_logs_in_looks_around_and_does_harm(
    intruder: Intruder, database: Database, path: Path
) -> None:
    for _ in range(4):
        intruder.turn()
    assert database.asked == [READ, DELETE, READ, FORGE, READ, CHANGE, READ, CHANGE]
    assert attempts(path) == [("login", "in"), ("read", "in"), ("write", "in")] * 4
    first = json.loads(path.read_text().splitlines()[1])
    assert first["subject"] == "order 1 order 2"
    assert first["credential"] == "database login orders_a"


def test_a_session_outlives_its_credential(
    intruder: Intruder, database: Database, path: Path
) -> None:
    intruder.turn()
    database.logins = SHUT_OUT
    intruder.turn()
    assert attempts(path)[3:] == [("login", "out"), ("read", "in"), ("write", "in")]


def test_it_goes_on_trying_when_its_session_is_cut(
    intruder: Intruder, database: Database, path: Path
) -> None:
    intruder.turn()
    database.logins, database.sessions = SHUT_OUT, CUT
    intruder.turn()
    intruder.turn()
    assert attempts(path)[3:] == [("login", "out"), ("read", "out"), ("login", "out")]
    assert database.closed == 1


def test_silence_is_no_refusal(intruder: Intruder, database: Database, path: Path) -> None:
    database.logins = SILENT
    intruder.turn()
    assert attempts(path) == [("login", "unknown")]


def test_other_tools_write_their_attempts_down_alike(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTEMPTS", str(path))
    monkeypatch.setenv("INTRUDER", "intruder-outside")
    main(["token", What.ORDER, Outcome.OUT, "order 7", " 401 "])
    line = json.loads(path.read_text())
    assert line.pop("at") > 0
    assert line == {
        "intruder": "intruder-outside", "credential": "token", "what": "order",
        "outcome": "out", "subject": "order 7", "said": "401",
    }  # fmt: skip
