"""Runs inside a repository host, and lets time pass there (see backup_host.py).

``cron UNTIL``: a minute after the other, waiting in each for all that cron started in it;
prints the minute and the job. ``jobs EPOCH:KIND …``: at each time a row is written into the
database and the job is run as cron would run it; prints the time of the row, and then what
the repository has. Times are seconds since 1970.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

OFFSET = Path("/time/offset")
MINUTE = 60
IN_TIME = {**os.environ, "LD_PRELOAD": "/time/libfaketime.so"}
PATIENCE_SECONDS = 60.0


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


def now() -> float:
    return time.time() + float(OFFSET.read_text())


def move_to(moment: int) -> None:
    """Skip to that moment, or to less than a second after it; time never goes back."""
    if now() < moment:
        unfinished = OFFSET.with_suffix(".new")
        unfinished.write_text(f"+{int(moment - time.time()) + 1}\n")
        unfinished.replace(OFFSET)


def let_cron_work(until: int) -> None:
    cron = _cron()
    minute = int(now()) // MINUTE * MINUTE
    while (minute := minute + MINUTE) < until:
        move_to(minute)
        # The first may come just before it sleeps, and be lost; then the second wakes it.
        _wake(cron)
        _wake(cron)
        for kind in _jobs_to_their_end(cron):
            say(minute, kind)


def _cron() -> int:
    told = subprocess.run(
        ["supervisorctl", "pid", "schedule"], check=True, capture_output=True, text=True
    )
    return int(told.stdout)


def _sleeps(process: int) -> int:
    """Count how often it has gone to sleep."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    line = next(line for line in status if line.startswith("voluntary_ctxt_switches"))
    return int(line.split()[1])


def _wake(cron: int) -> None:
    """Have it look at its clock, and wait until it sleeps again."""
    slept = _sleeps(cron)
    os.kill(cron, signal.SIGCHLD)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _sleeps(cron) == slept:
        if time.monotonic() > deadline:
            sys.exit("cron does not wake")
        Event().wait(0.001)


def _jobs_to_their_end(cron: int) -> set[str]:
    children = Path(f"/proc/{cron}/task/{cron}/children")
    kinds: set[str] = set()
    while children.read_text():
        kinds |= _kinds_of_jobs()
        Event().wait(0.01)
        os.kill(cron, signal.SIGCHLD)  # it may have missed the end of one
    return kinds


def _kinds_of_jobs() -> set[str]:
    kinds = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = process.joinpath("cmdline").read_bytes().decode().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        if "backups.job" in words:
            kinds.add(words[words.index("backups.job") + 1])
    return kinds


def do_jobs(plan: list[str]) -> None:
    for item in plan:
        moment, _, kind = item.partition(":")
        move_to(int(moment))
        insert = "INSERT INTO moments DEFAULT VALUES RETURNING extract(epoch FROM at)"
        say("row", _run("psql", "-qAtc", insert))
        _run("backup-job", kind)
        told = _run("pgbackrest", "--stanza=muster", "--output=json", "info")
        backups = json.loads(told)[0]["backup"]
        say(
            "has",
            int(now()),
            *(f"{one['label']}:{one['timestamp']['stop']}" for one in backups),
        )


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=IN_TIME)
    if done.returncode != 0:
        sys.exit(f"{command} at {int(now())}: {done.returncode} {done.stdout}{done.stderr}")
    return done.stdout.strip()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["cron", until]:
            let_cron_work(int(until))
        case ["jobs", *plan]:
            do_jobs(plan)
