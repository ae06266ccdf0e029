"""Print what backups and restores cost: `python -m tests.bench.restoring`.

Throughput beside what cp does with the same bytes on the same disk in the same run, and the
phases of the last restore drill that was recorded, so that a person sees where its RTO went.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from environments.catalog import Settings, open_environment
from environments.replica.engine import ensure_engine
from fixtures.run import ROOT, RUNS, new_run_id
from fixtures.sizing import open_sizing
from reports.record import judge_record, load_record
from reports.story import followed_steps, text
from reports.timeline import Event, read_timeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from environments.model import Environment
    from fixtures.sizing import Sizing
    from reports.outages import Outage
    from reports.timeline import Entry

MEGABYTES = (64, 128, 256)
WAL_MEGABYTES = 96
RUNBOOK = "restore-from-near.md"
DRILL = "scenarios/test_data_loss.py::test_all_databases_are_lost"


def main() -> None:
    ensure_engine(_print)
    with open_environment(
        "replica", run=new_run_id(), say=_ignore, settings=Settings(backups=True)
    ) as environment:
        _time_restores(environment)
    folder = _last_drill()
    if folder is None:
        command = [sys.executable, "-m", "pytest", "-m", "dr", "-q", DRILL]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        folder = _last_drill()
    if folder is None:
        _print(f"no drill that followed {RUNBOOK} to its end could be recorded here")
    else:
        _print_phases(folder)


def _time_restores(environment: Environment) -> None:
    with open_sizing(environment) as sizing:
        for megabytes in MEGABYTES:
            _time_size(sizing, megabytes)


def _time_size(sizing: Sizing, megabytes: float) -> None:
    backup = sizing.back_up(sizing.fill(megabytes))
    with_log = sizing.add_log(backup, WAL_MEGABYTES)
    alone, replayed = sizing.restore(backup.alone), sizing.restore(with_log)
    size = backup.database_bytes / 1e6
    # What was inserted after the backup is in it as well: it is judged by its own size.
    copied_bytes, copy_seconds = sizing.copy_plainly()
    plain = copied_bytes / 1e6 / copy_seconds
    _print(f"{size:.0f} MB: cp, synced: {plain:.0f} MB/s")
    for what, seconds in (("backup", backup.seconds), ("restore", alone.fetch_seconds)):
        speed = size / seconds
        _print(f"{size:.0f} MB: {what}: {speed:.0f} MB/s, {speed / plain:.2f} of cp")
    _print(
        f"{size:.0f} MB: started in {alone.open_seconds:.1f} s; with"
        f" {with_log.wal_bytes / 1e6:.0f} MB of WAL to replay in {replayed.open_seconds:.1f} s"
    )


def _last_drill() -> Path | None:
    """Find the newest drill that followed the runbook to its end."""
    timelines = sorted(RUNS.glob("*/*/timeline.jsonl"), key=lambda one: one.stat().st_mtime)
    folders = (one.parent for one in reversed(timelines) if _was_followed(read_timeline(one)))
    return next(folders, None)


def _was_followed(entries: Sequence[Entry]) -> bool:
    ended = [one.details for one in entries if one.event is Event.RUNBOOK_ENDED]
    steps = followed_steps(entries)
    return any(text(one, "runbook") == RUNBOOK for one in ended) and not any(
        step.failure for step in steps
    )


def _print_phases(folder: Path) -> None:
    """Print each step with when it began, from the fault on, and the first order after it."""
    entries = read_timeline(folder / "timeline.jsonl")
    fault_at = next(one.at for one in entries if one.event is Event.FAULT_STARTED)
    phases = [
        (step.start.at - fault_at, f"{text(step.end.details, 'seconds')} s  {step.title}")
        for step in followed_steps(entries)
        if step.end is not None
    ]
    phases += [
        (outage.restored_at - fault_at, f"orders again, after {outage.seconds:.1f} s without")
        for outage in _outages(folder)
        if outage.restored_at is not None
    ]
    _print(f"{folder.parent.name}/{folder.name}, after the fault, by {RUNBOOK}:")
    for at, what in sorted(phases):
        _print(f"  {at:6.1f} s  {what}")


def _outages(folder: Path) -> Sequence[Outage]:
    recovery, _ = judge_record(load_record(folder))
    return recovery.outages if recovery else ()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _ignore(_: str) -> None:
    """Progress is of no interest between figures."""


if __name__ == "__main__":
    main()
