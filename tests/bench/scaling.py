"""Print where the time goes until a new instance serves: ``python -m tests.bench.scaling``.

A ramp is drilled, which grows from three to seven instances and more: each new one's way
from the threshold to the rotation, and how many orders a second one of so many carries.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from environments.replica.engine import ensure_engine
from fixtures.run import ROOT, RUNS
from fixtures.scaling import SCALING_LOG
from reports.record import judge_record, load_record
from reports.scaling_summary import CAPACITIES, WAYS, capacity_rows, way_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.scaling import Scaling

DRILL = "scenarios/test_scaling.py::test_a_ramp"


def main() -> None:
    ensure_engine(_print)
    command = [sys.executable, "-m", "pytest", "-m", "scaling", "-q", DRILL]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    scaling = _last_drill()
    if scaling is None:
        _print(f"{DRILL} could not be measured here: run it alone to see why")
        return
    _print_table(WAYS, way_rows(scaling))
    _print_table(CAPACITIES, capacity_rows(scaling))


def _last_drill() -> Scaling | None:
    logs = sorted(RUNS.glob(f"*/*/{SCALING_LOG}"), key=lambda one: one.stat().st_mtime)
    if not logs:
        return None
    recovery, _ = judge_record(load_record(logs[-1].parent))
    return recovery.scaling if recovery else None


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        _print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
