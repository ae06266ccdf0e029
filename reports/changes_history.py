"""``python -m reports changes [RUN…]``: what auditors count of changes, over many drills.

Exit status: 0 when there was something to count, 2 when a run is unknown or nothing was.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.delivery import delivery_table
from reports.record import (
    CHANGES_FILE,
    RecordError,
    load_record,
    measure_changes,
    read_verdict,
)
from reports.run_folders import RUN_FILE, drills_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from reports.harm import Change

COUNTED, NOTHING = 0, 2
_ON_PURPOSE = """\
Times are medians; by the measures of DORA, see https://dora.dev/research/. Drills make bad
changes on purpose: the rate says how many of those customers met, not how well people work.\
"""


@dataclass(frozen=True, slots=True)
class History:
    """The changes of some drills, and why some drills tell of none."""

    drills: int
    changes: Sequence[Change]
    left_out: Sequence[str]


def changes(arguments: Sequence[str], runs: Path) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m reports changes",
        description="Say what auditors count of changes: change failure rate, time to restore"
        " and lead time.",
    )
    parser.add_argument(
        "run", metavar="RUN", nargs="*",
        help="a run's id, 'latest', or the folder of a run or a drill (default: all runs)",
    )  # fmt: skip
    try:
        drills = _drills(parser.parse_args(arguments).run, runs)
    except (RecordError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return NOTHING
    history = read_history(drills)
    for why in history.left_out:
        sys.stderr.write(f"left out: {why}\n")
    if not history.changes:
        sys.stderr.write(
            f"none of {len(drills):,} drills tells of a change: name a run with a drill that"
            " changes something, or run one\n"
        )
        return NOTHING
    over = f"{history.drills:,} drill{'' if history.drills == 1 else 's'} with changes"
    table = delivery_table(history.changes, over)
    sys.stdout.write(f"{table.title}\n\n{table.as_text()}\n\n{_ON_PURPOSE}\n")
    return COUNTED


def read_history(drills: Iterable[Path]) -> History:
    """The changes of those drills that made any, measured from what is on disk."""
    found: list[Change] = []
    left_out: list[str] = []
    count = 0
    for folder in drills:
        if not (folder / CHANGES_FILE).exists():
            continue
        try:
            harm = measure_changes(load_record(folder))
        except RecordError as error:
            left_out.append(str(error))
            continue
        if harm is None:
            left_out.append(f"{folder}: its customers were not watched to the end")
            continue
        count += bool(harm.changes)
        found += harm.changes
    return History(count, found, left_out)


def other_changes(drill: Path) -> Sequence[Change]:
    """The changes of all other drills of its run, and of the runs beside it, as saved.

    A drill's report shows them: to measure them all again for each would take long. Those
    without a verdict that can be read tell of none.
    """
    runs = {facts.parent for facts in drill.parent.parent.glob(f"*/{RUN_FILE}")} | {
        drill.parent
    }
    found: list[Change] = []
    for run in sorted(runs):
        for log in sorted(run.glob(f"*/{CHANGES_FILE}")):
            if log.parent != drill:
                found += _saved_changes(log.parent)
    return found


def _saved_changes(drill: Path) -> Sequence[Change]:
    try:
        saved = read_verdict(drill)
    except RecordError:
        return ()
    if saved is None or saved[0] is None or saved[0].harm is None:
        return ()
    return saved[0].harm.changes


def _drills(named: Sequence[str], runs: Path) -> Sequence[Path]:
    if named:
        return [folder for run in named for folder in drills_of(run, runs)]
    return sorted(changed.parent for changed in runs.glob(f"*/*/{CHANGES_FILE}"))
