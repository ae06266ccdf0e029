"""Use a credential of the database: look around, change, delete, and hold on to it.

About once a second a fresh login is tried, and the session that is open is used: an open one
outlives a credential that was revoked until somebody ends it. The client is psql.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .attempts import Outcome, Record, What, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EVERY_SECONDS = 1.0
ANSWER_SECONDS = 4.0
# Each line as it comes, rather than a page of them.
PSQL = ("stdbuf", "-oL", "psql", "--no-psqlrc", "--no-align", "--tuples-only", "--quiet")
_DONE = "-- done"

# The server's words to whoever may not come in with this credential, or not any more.
REFUSALS = (
    "authentication failed",
    "is not permitted to log in",
    "no pg_hba.conf entry",
    "terminating connection due to administrator command",
    "permission denied",
)

READ = "SELECT 'order ' || id FROM orders ORDER BY id DESC LIMIT 1;"
# Newest first, so that it is what customers of today have ordered. What is still being paid
# for is left alone: the service writes to it at this moment.
DELETE = """
DELETE FROM orders WHERE id IN
  (SELECT id FROM orders WHERE status = 'paid' ORDER BY id DESC OFFSET 20 LIMIT 2)
RETURNING 'order ' || id;
"""
FORGE = """
INSERT INTO orders (key, customer, item, amount_cents, status)
SELECT 'forged-' || gen_random_uuid(), customer, item, 1, 'paid'
FROM orders ORDER BY id DESC LIMIT 1
RETURNING 'order ' || id;
"""
CHANGE = """
UPDATE orders SET customer = 'drop-point' WHERE id =
  (SELECT id FROM orders WHERE status = 'paid' AND customer <> 'drop-point'
   ORDER BY id DESC OFFSET 10 LIMIT 1)
RETURNING 'order ' || id;
"""
FIRST = (DELETE, FORGE)  # afterwards it goes on with CHANGE


def why_not(said: str) -> Outcome:
    """Say what an attempt that failed came to: only the server's own refusal is one."""
    return Outcome.OUT if any(words in said for words in REFUSALS) else Outcome.UNKNOWN


def _psql(*arguments: str) -> subprocess.Popen[bytes]:
    command: Sequence[str] = (*PSQL, *arguments)
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@dataclass(slots=True)
class Session:
    """One that stays open: psql, which is given statements one after the other."""

    process: subprocess.Popen[bytes] = field(default_factory=_psql)

    def ask(self, statement: str) -> tuple[Outcome, str]:
        """Give what came of a statement, and what was answered."""
        try:
            self._send(statement)
        except OSError:
            said = self._last_words()
            return why_not(said), said
        said, is_done = self._answer()
        if is_done and "ERROR" not in said:
            return Outcome.IN, said
        return why_not(said), said or f"no answer within {ANSWER_SECONDS:g} s"

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _send(self, statement: str) -> None:
        pipe = self.process.stdin
        if pipe is None:
            raise AssertionError("psql was started with a pipe")
        pipe.write(f"{statement}\n\\echo '{_DONE}'\n".encode())
        pipe.flush()

    def _answer(self) -> tuple[str, bool]:
        """Give what psql says until it is done, and whether it is; it may end instead."""
        pipe = self.process.stdout
        if pipe is None:
            raise AssertionError("psql was started with a pipe")
        said, until = b"", time.monotonic() + ANSWER_SECONDS
        while (left := until - time.monotonic()) > 0 and _DONE.encode() not in said:
            if not select.select([pipe], [], [], left)[0]:
                break
            chunk = os.read(pipe.fileno(), 65536)
            if not chunk:
                self.process.wait()
                return said.decode(errors="replace"), False
            said += chunk
        answer, done, _ = said.decode(errors="replace").partition(_DONE)
        return answer.strip(), bool(done)

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(ANSWER_SECONDS)
        return self._answer()[0]


@dataclass(slots=True)
class Intruder:
    """Tries a login, and uses its session, in turn."""

    record: Record
    log_in: Callable[[], tuple[Outcome, str]]
    open_session: Callable[[], Session]
    session: Session | None = None
    to_do: list[str] = field(default_factory=lambda: list(FIRST))

    def turn(self) -> None:
        outcome, said = self.log_in()
        self.record.note(What.LOGIN, outcome, said=said)
        if self.session is None and outcome is Outcome.IN:
            self.session = self.open_session()
        if self.session is not None:
            self._use(self.session)

    def _use(self, session: Session) -> None:
        statements = (READ, self.to_do.pop(0) if self.to_do else CHANGE)
        for what, statement in zip((What.READ, What.WRITE), statements, strict=True):
            outcome, said = session.ask(statement)
            subject = " ".join(said.split("\n")) if outcome is Outcome.IN else ""
            self.record.note(what, outcome, subject=subject, said=said)
            if outcome is not Outcome.IN:
                session.close()
                self.session = None
                return


def log_in() -> tuple[Outcome, str]:
    """Try to log in anew; give what came of it, and what was said."""
    process = _psql("--command", "SELECT 'logged in as ' || session_user")
    try:
        told, _ = process.communicate(timeout=ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Outcome.UNKNOWN, f"no answer within {ANSWER_SECONDS:g} s"
    said = told.decode(errors="replace").strip()
    return (Outcome.IN if process.returncode == 0 else why_not(said)), said


def main(wanted: Path) -> None:
    """Go on until that file is gone, which is looked for between two turns."""
    intruder = Intruder(record_of(os.environ["CREDENTIAL"]), log_in, Session)
    while wanted.exists():
        began = time.monotonic()
        intruder.turn()
        rest = EVERY_SECONDS - (time.monotonic() - began)
        select.select([], [], [], max(0.0, rest))
    if intruder.session is not None:
        intruder.session.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
