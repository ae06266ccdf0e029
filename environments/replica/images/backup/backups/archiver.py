"""How the primary's archiving of WAL goes, as the primary tells it."""

from __future__ import annotations

from dataclasses import dataclass

from .commands import ask
from .unknown import UnknownError

# Only the server's own clock is used: ours may differ. A failure counts until a later success.
_QUESTION = """
SELECT (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name ~ '^[0-9A-F]{24}[.]ready$'),
       coalesce(last_failed_time > last_archived_time, last_failed_time IS NOT NULL),
       extract(epoch FROM clock_timestamp() - last_archived_time)
FROM pg_stat_archiver
"""
_TRUTHS = {"t": True, "f": False}


@dataclass(frozen=True, slots=True)
class Archiver:
    """``waiting`` counts the segments that are full and not yet in every repository.

    ``seconds_since_archived`` is None where this primary has archived none yet.
    """

    waiting: int
    failed_after_success: bool
    seconds_since_archived: float | None


def ask_primary(router: str, password: str, *, within: float) -> Archiver:
    """Ask whichever server is the primary now.

    Raises:
        UnknownError: it cannot be asked, or did not answer in so many seconds.
    """
    command = (
        "psql", f"--host={router}", "--port=5432", "--username=monitor", "--dbname=postgres",
        "--no-password", "--no-psqlrc", "--tuples-only", "--no-align", f"--command={_QUESTION}",
    )  # fmt: skip
    environ = {"PGPASSWORD": password, "PGCONNECT_TIMEOUT": "2"}
    return parse(ask(command, within=within, environ=environ))


def parse(row: str) -> Archiver:
    """Read psql's one row.

    Raises:
        UnknownError: it is not what was asked for.
    """
    try:
        waiting, failed, seconds = row.strip().split("|")
        return Archiver(int(waiting), _TRUTHS[failed], float(seconds) if seconds else None)
    except (ValueError, KeyError) as error:
        raise UnknownError(f"psql's answer makes no sense: {row.strip()!r}") from error
