"""Print how long a bad release harms customers: ``python -m tests.bench.changes``.

The same release is drilled twice: where the deployer rolls it back by itself, and where people
do, by their page. Harm counts from the first request that failed, or took more than half a
second, to the last one.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from environments.replica.engine import ensure_engine
from fixtures.run import ROOT, RUNS
from reports.changes_summary import rolled_back_seconds
from reports.record import CHANGES_FILE, judge_record, load_record
from reports.wording import seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.harm import Change

DRILLS = {
    "by itself": "test_a_release_errs",
    "by people, with their page": "test_people_roll_a_release_back",
}
HEADINGS = ("rolled back", "first harm to last", "first harm to rolled back", "harmed", "of")


def main() -> None:
    ensure_engine(_print)
    paths = [f"scenarios/test_bad_release.py::{test}" for test in DRILLS.values()]
    command = [sys.executable, "-m", "pytest", "-m", "dr", "-q", *paths]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    rows = [_row(how, test) for how, test in DRILLS.items()]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    for row in (HEADINGS, *rows):
        _print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def _row(how: str, test: str) -> Sequence[str]:
    change = _last(test.removeprefix("test_"))
    if change is None:
        return (how, "not measured", "", "", "run the drill alone to see why")
    rolled_back = rolled_back_seconds(change)
    return (
        how,
        seconds_text(change.harm_seconds),
        "" if rolled_back is None else seconds_text(rolled_back),
        f"{change.harmed:,}",
        f"{change.requests:,}",
    )


def _last(drill: str) -> Change | None:
    logs = sorted(RUNS.glob(f"*/{drill}/{CHANGES_FILE}"), key=_age)
    if not logs:
        return None
    recovery, _ = judge_record(load_record(logs[-1].parent))
    harm = recovery.harm if recovery else None
    return harm.changes[-1] if harm and harm.changes else None


def _age(log: Path) -> float:
    return log.stat().st_mtime


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
