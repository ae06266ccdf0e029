"""We believe that every attempt is written down as what it was, and no silence as a refusal."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from environments.replica.images.intruder.intruder import database as database_module
from environments.replica.images.intruder.intruder.attempts import Outcome, Record, What, main
from environments.replica.images.intruder.intruder.database import (
    CHANGE,
    DELETE,
    FORGE,
    READ,
    Intruder,
    Session,
    log_in,
    why_not,
)

if TYPE_CHECKING:
    from pathlib import Path

SHUT_OUT = 'FATAL:  role "orders_a" is not permitted to log in'
CUT = "FATAL:  terminating connection due to administrator command"
SILENT = "no answer within 4 s"
PSQL = f"""#!/bin/sh
case "${{PGUSER-}}" in
  shut_out) echo '{SHUT_OUT}'; exit 2 ;;
  silent) exec sleep 60 ;;
esac
case "$*" in *--command*) echo "logged in as $PGUSER"; exit ;; esac
while read -r line; do
  case "$line" in
    *echo*) echo '-- done' ;;
    FORBIDDEN) echo 'ERROR:  permission denied for table orders' ;;
    BROKEN) echo 'ERROR:  division by zero' ;;
    CUT) echo '{CUT}'; exit 2 ;;
    SILENT) exec sleep 60 ;;
    *) echo 'order 7'; echo 'order 8' ;;
  esac
done
"""


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


@pytest.fixture
def _psql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small program that answers as psql does."""
    program = tmp_path / "psql"
    program.write_text(PSQL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(database_module, "ANSWER_SECONDS", 0.5)


@pytest.mark.usefixtures("_psql")
@pytest.mark.parametrize(
    ("statement", "outcome", "said"),
    [
        ("SELECT", Outcome.IN, "order 7\norder 8"),
        ("FORBIDDEN", Outcome.OUT, "ERROR:  permission denied for table orders"),
        ("BROKEN", Outcome.UNKNOWN, "ERROR:  division by zero"),
        ("CUT", Outcome.OUT, CUT),
        ("SILENT", Outcome.UNKNOWN, "no answer within 0.5 s"),
    ],
)
def test_what_comes_of_a_statement_is_what_the_server_says(
    statement: str, outcome: Outcome, said: str
) -> None:
    session = Session()
    try:
        assert session.ask("SELECT") == (Outcome.IN, "order 7\norder 8")
        found, told = session.ask(statement)
        assert (found, told.strip()) == (outcome, said)
    finally:
        session.close()


@pytest.mark.usefixtures("_psql")
def test_a_session_that_ended_meanwhile_is_no_answer_about_the_credential() -> None:
    session = Session()
    session.process.kill()
    session.process.wait()
    assert session.ask("SELECT")[0] is Outcome.UNKNOWN
    session.close()


@pytest.mark.usefixtures("_psql")
@pytest.mark.parametrize(
    ("user", "outcome"),
    [("orders_a", Outcome.IN), ("shut_out", Outcome.OUT), ("silent", Outcome.UNKNOWN)],
)
def test_a_login_is_judged_by_the_servers_words(
    user: str, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGUSER", user)
    assert log_in()[0] is outcome


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
