"""What the vault does to the databases' roles, as their superuser and through their router."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WITHIN_SECONDS = 10.0
_FORMAT = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
APPLICATION = "vault"  # as sessions of its own are called

_CHANGE = """
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', :'role', :'verifier') \\gexec
"""
_SHUT_OUT = """
SELECT format('ALTER ROLE %I NOLOGIN', :'role') \\gexec
"""
# Also ends who logged in while the role was being shut out.
_END_SESSIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE usename = :'role' AND client_addr IS NOT NULL AND application_name <> 'vault'
"""
_COUNT_SESSIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE usename = :'role' AND client_addr IS NOT NULL AND application_name <> 'vault'
"""


class DatabaseError(Exception):
    """The database did not do it; the message is what it said, without any secret."""


@dataclass(frozen=True, slots=True)
class Databases:
    """``passwords`` gives those of the superuser that may be right, the likeliest first."""

    host: str
    user: str
    passwords: Callable[[], tuple[str, ...]] = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def let_in(self, role: str, verifier: str) -> None:
        """Let a role log in, with the password of this verifier and no other.

        Raises:
            DatabaseError: nobody knows whether that was done; it may be repeated.
        """
        self._ask(_CHANGE, role=role, verifier=verifier)

    def shut_out(self, role: str) -> None:
        """Let a role log in no more; sessions that it has live on.

        Raises:
            DatabaseError: see ``let_in``.
        """
        self._ask(_SHUT_OUT, role=role)

    def end_sessions(self, role: str) -> int:
        """End what a role does over the network, and say how many sessions that were.

        Raises:
            DatabaseError: see ``let_in``.
        """
        return int(self._ask(_END_SESSIONS, role=role))

    def sessions(self, role: str) -> int:
        """Count them.

        Raises:
            DatabaseError: nobody said.
        """
        return int(self._ask(_COUNT_SESSIONS, role=role))

    def lets_in(self, role: str, password: str) -> bool:
        """Try to log in.

        Raises:
            DatabaseError: nobody said yes or no.
        """
        try:
            self._as(role, password, "SELECT 1", {})
        except DatabaseError as error:
            if _is_refusal(str(error)):
                return False
            raise
        return True

    def _ask(self, sql: str, **variables: str) -> str:
        *others, last = self.passwords()
        for password in others:
            try:
                return self._as(self.user, password, sql, variables)
            except DatabaseError as error:
                if not _is_refusal(str(error)):
                    raise
        return self._as(self.user, last, sql, variables)

    def _as(self, user: str, password: str, sql: str, variables: Mapping[str, str]) -> str:
        # Not as arguments: those can be seen by whoever lists processes.
        given = "".join(f"\\set {name} '{value}'\n" for name, value in variables.items())
        login = {
            "PGHOST": self.host, "PGUSER": user, "PGPASSWORD": password,
            "PGDATABASE": "postgres", "PGCONNECT_TIMEOUT": "3", "PGAPPNAME": APPLICATION,
        }  # fmt: skip
        try:
            done = subprocess.run(
                ["psql", *_FORMAT],
                input=given + sql,
                env={**self.environment, **login},
                capture_output=True,
                text=True,
                check=False,
                timeout=WITHIN_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise DatabaseError(f"no answer within {WITHIN_SECONDS:g} s") from error
        if done.returncode != 0:
            raise DatabaseError(
                _without_secrets(done.stderr.strip(), password, *variables.values())
            )
        return done.stdout.strip()


def _is_refusal(said: str) -> bool:
    return re.search("authentication failed|is not permitted to log in", said) is not None


def _without_secrets(said: str, *secrets: str) -> str:
    for secret in secrets:
        if secret.startswith("SCRAM-") or len(secret) > 30:  # noqa: PLR2004 - a role's name is shorter
            said = said.replace(secret, "…")
    return said
