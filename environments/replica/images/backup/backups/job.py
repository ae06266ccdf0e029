"""``python3 -m backups.job full|diff|incr|verify|check``: what cron runs.

Streams pgBackRest's output, so that it is in the container's log, and leaves a record of
how it went. Exits with 1 when it failed, a verify that found something wrong included.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from .commands import Output, stream
from .runs import LINES_KEPT, Kind, Run, write_run
from .settings import SettingsError, Target, read_target
from .verification import trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# pgBackRest's exit codes, as its src/build/error/error.yaml has them:
NOBODY = 27  # no database answers at all; that is what a check says, and it says so by `config`
LOCKED = 50  # a lock is held: by this repository's other backup
AWAY = 56  # no primary answers: one may be taking over
_NEVER = 9_999_999  # the most backups of which WAL can be kept
_HOURS = 3600.0
_LIMIT_SECONDS = {
    Kind.FULL: 12 * _HOURS,
    Kind.DIFF: 6 * _HOURS,
    Kind.INCR: 6 * _HOURS,
    Kind.VERIFY: 12 * _HOURS,
    Kind.CHECK: 300.0,
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How a job waits for what passes by itself: another backup, a failover."""

    every_seconds: float = 2.0
    at_most_seconds: float = 120.0


def commands(kind: Kind, target: Target) -> tuple[tuple[str, ...], ...]:
    """Give what is to be run in this order, each only after success."""
    job = command(kind, target)
    return (job, *_expirations(target)) if kind.is_backup else (job,)


def _expirations(target: Target) -> tuple[tuple[str, ...], ...]:
    """Expire backups as root, and then WAL as the server's user.

    That user could put a link to the backups into the archive, which is its own. Root would
    follow it and remove them, so root never looks for WAL that has expired.
    """
    expire = ("pgbackrest", f"--stanza={target.stanza}", f"--repo={target.repository}")
    never = f"--repo{target.repository}-retention-archive={_NEVER}"
    as_server = ("setpriv", "--reuid=pgbackrest", "--regid=pgbackrest", "--init-groups")
    return (
        (*expire, never, "expire"),
        (*as_server, *expire, "--lock-path=/tmp/pgbackrest", "expire"),
    )


def command(kind: Kind, target: Target) -> tuple[str, ...]:
    """Give the command; a check looks at all repositories it knows and takes no number."""
    program = ("pgbackrest", f"--stanza={target.stanza}")
    repository = f"--repo={target.repository}"
    match kind:
        case Kind.CHECK:
            return (*program, "check")
        case Kind.VERIFY:
            return (*program, repository, "--output=text", "--verbose", "verify")
        case _:
            return (*program, repository, f"--type={kind}", "backup")


def run_job(
    kind: Kind, target: Target, say: Callable[[str], None], patience: Patience | None = None
) -> Run:
    """Run the job, and leave its record.

    Raises:
        OSError: the record cannot be written.
    """
    began = time.time()
    output = _in_order(kind, target, say, patience or Patience())
    run = Run(
        kind=kind,
        began=began,
        ended=time.time(),
        exit_code=output.exit_code,
        last_lines=output.lines[-LINES_KEPT:],
        trouble=trouble(output.lines) if kind is Kind.VERIFY else (),
    )
    write_run(target.state, run)
    return run


def _in_order(
    kind: Kind, target: Target, say: Callable[[str], None], patience: Patience
) -> Output:
    lines: tuple[str, ...] = ()
    for one in commands(kind, target):
        output = _patiently(kind, one, say, patience)
        lines += output.lines
        if output.exit_code != 0:
            break
    return Output(output.exit_code, lines)


def _patiently(
    kind: Kind, words: Sequence[str], say: Callable[[str], None], patience: Patience
) -> Output:
    deadline = time.monotonic() + patience.at_most_seconds
    while True:
        output = stream(words, within=_LIMIT_SECONDS[kind], say=say)
        too_late = time.monotonic() + patience.every_seconds > deadline
        if not _passes(kind, output.exit_code) or too_late:
            return output
        why = (
            "another backup is running" if output.exit_code == LOCKED else "no primary answers"
        )
        say(f"{why}: trying again in {patience.every_seconds:g} s")
        Event().wait(patience.every_seconds)


def _passes(kind: Kind, exit_code: int) -> bool:
    """Whether that failure is one that waiting may cure."""
    if exit_code == LOCKED:
        return kind.is_backup
    if exit_code == NOBODY:
        return kind is Kind.CHECK
    return exit_code == AWAY and kind is not Kind.VERIFY


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="backups.job", description=__doc__)
    parser.add_argument("kind", type=Kind, choices=tuple(Kind))
    kind = parser.parse_args().kind
    try:
        run = run_job(kind, read_target(os.environ), _say)
    except SettingsError as error:
        sys.exit(f"the {kind} job cannot start: {error}")
    except OSError as error:
        sys.exit(f"the {kind} job cannot leave its record: {error}")
    sys.exit(run.failed)


if __name__ == "__main__":
    main()
