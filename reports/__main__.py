"""``python -m reports RUN``: judge a run again from what is on disk.

``python -m reports changes [RUN…]`` says what auditors count of changes.

Exit status: 0 when every verdict is the one that was saved, 1 when one is not,
2 when the run is unknown or its files are damaged.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from reports.changes_history import changes
from reports.record import (
    NotStartedError,
    RecordError,
    judge_figures,
    judge_record,
    load_record,
    read_verdict,
)
from reports.run_folders import RUNS, drills_of
from reports.table import Row, render_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.record import DrillRecord
    from reports.verdict import Recovery, Service, Verdict

SAME, DIFFERENT, BAD_INPUT = 0, 1, 2


def main(arguments: Sequence[str] | None = None, *, runs: Path = RUNS) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["changes"]:
        return changes(words[1:], runs)
    parser = argparse.ArgumentParser(
        prog="python -m reports", description="Judge a run again from what is on disk."
    )
    parser.add_argument(
        "run", metavar="RUN", help="a run's id, 'latest', or the folder of a run or a drill"
    )
    try:
        judged = [_judge(drill) for drill in drills_of(parser.parse_args(words).run, runs)]
    except (RecordError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    differences = [difference for _, difference in judged if difference]
    ending = differences or ["every verdict is the one that was saved"]
    table = render_table([row for row, _ in judged])
    sys.stdout.write("\n".join((table, "", *ending, "")))
    return DIFFERENT if differences else SAME


def _judge(drill: Path) -> tuple[Row, str | None]:
    """The drill's row as judged now, and how that differs from what was saved."""
    try:
        record = load_record(drill)
    except NotStartedError:
        why = "its process ended before the drill started"
        return Row.inconclusive(drill.name, why), f"{drill.name}: {why}"
    recovery, verdict = judge_record(record)
    difference = _difference(read_verdict(drill), record, (recovery, verdict))
    row = Row.judged(record, recovery, verdict)
    return row, f"{drill.name}: {difference}" if difference else None


def _difference(
    saved: tuple[Recovery | None, Verdict] | None,
    record: DrillRecord,
    now: tuple[Recovery | None, Verdict],
) -> str | None:
    if saved is None:
        return f"no verdict was saved; it is {now[1].outcome} now"
    if saved[1].outcome is not now[1].outcome:
        return f"the saved verdict is {saved[1].outcome}; it is {now[1].outcome} now"
    known = _as_known_then(now[0], saved[0], broken=bool(record.injections))
    if saved != (known, judge_figures(record, known)):
        return f"the verdict is {now[1].outcome} as saved, but its figures or reasons differ"
    return None


def _as_known_then(
    now: Recovery | None, saved: Recovery | None, *, broken: bool
) -> Recovery | None:
    """Leave out what was not measured yet when the verdict was saved.

    Customers of drills that broke nothing were not, once.
    """
    if saved is None and not broken:
        return None
    if now is None or saved is None:
        return now
    bound = None if saved.rpo_is_lower_bound is None else now.rpo_is_lower_bound
    return replace(
        now,
        rpo_is_lower_bound=bound,
        service=_service_then(now.service, saved.service),
        scaling=now.scaling if saved.scaling else None,
        harm=now.harm if saved.harm else None,
        intrusion=now.intrusion if saved.intrusion else None,
    )


def _service_then(now: Service | None, saved: Service | None) -> Service | None:
    if now is None or saved is None:
        return saved and now
    shown = None if saved.reads_shown_since_fault is None else now.reads_shown_since_fault
    return replace(now, reads_shown_since_fault=shown)


if __name__ == "__main__":
    sys.exit(main())
