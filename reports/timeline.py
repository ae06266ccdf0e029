"""The timeline: what happened in a drill, one JSON object a line, fsynced, one clock."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from reports import lines
from reports.lines import Json, NotRecordedError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Entry", "Event", "Json", "NotRecordedError", "Timeline", "read_timeline"]


class Event(StrEnum):
    """Everything that a timeline can say. Details are named after each."""

    DRILL_STARTED = "drill started"  # scenario, title, environment, requirements, runbooks
    STEADY_BEFORE = "steady state before"  # deviations
    LOAD_STARTED = "load started"  # users, attempts_per_second, customer, workers
    LOAD_STEADY = "load steady"
    FAULT_PLANNED = "fault planned"  # fault, nodes, id
    FAULT_STARTED = "fault started"  # id
    FAULT_TOOK_EFFECT = "fault took effect"  # id
    FAULT_NOT_SEEN = "fault not seen to take effect"  # id, why
    REVERT_STARTED = "revert started"  # id
    FAULT_GONE = "fault gone"  # id
    REVERT_FAILED = "revert failed"  # id, why
    RUNBOOK_STARTED = "runbook started"  # runbook, title, allowance_seconds
    STEP_STARTED = "step started"  # runbook, line, heading, title, node, command
    STEP_ENDED = "step ended"  # runbook, line, exit_code, output, seconds, failure
    RUNBOOK_ENDED = "runbook ended"  # runbook
    TAKEN_BACK = "taken back"  # to, stopped, opened: wall times; see reports/facts.py
    RESTORED = "restored"  # the fields of Restoration; its earliest and latest as wall times
    MEASURED = "measured"  # finding: what it means, a sentence; restores: what was timed
    NOTICED = "noticed"  # what, seconds: the stack itself said what is amiss
    RECOVERY_SEEN = "recovery seen"
    WATCH_ENDED = "watch ended"  # why
    STEADY_AFTER = "steady state after"  # deviations
    RESIDUE = "residue"  # traces: what is not as it ought to be where faults were
    LOAD_STOPPED = "load stopped"
    FINAL_READ = "final read"  # rows
    FINAL_READ_FAILED = "final read failed"  # why
    OBJECTIVES = "objectives"  # the fields of Objectives
    OBSTACLE = "obstacle"  # why: the verdict cannot be MET, for this reason
    BREACH = "breach"  # why: something certain that makes the verdict MISSED
    NODE_LOG = "node log"  # node, file
    ATTACHMENT = "attachment"  # title, file
    VERDICT = "verdict"  # outcome, reasons


Entry = lines.Entry[Event]


class Timeline(lines.Lines[Event]):
    """Appends to one timeline; an entry is on disk before the call returns."""

    what = "timeline"


def read_timeline(path: Path) -> list[Entry]:
    """Read a timeline; a torn last line is left out.

    Raises:
        ValueError: a line that was finished cannot be read; it is named.
    """
    return lines.parse_lines(path.read_bytes(), path, Event, Timeline.what)
