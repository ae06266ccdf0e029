"""A timeline is told as it nested, with its failures where they were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reports.story import Span, runbook_as_followed, tell
from reports.timeline import Entry, Event, Json, read_timeline
from tests.unit.evidence.drills import primary_killed

if TYPE_CHECKING:
    from pathlib import Path


def _outline(spans: list[Span], depth: int = 0) -> list[str]:
    lines: list[str] = []
    for span in spans:
        lines.append("  " * depth + span.name + (" !" if span.failed else ""))
        lines += _outline(span.within, depth + 1)
    return lines


def _entry(at: float, event: Event, **details: Json) -> Entry:
    return Entry(at, datetime.fromtimestamp(at, UTC), event, details)


def test_it_nests_as_it_happened(tmp_path: Path) -> None:
    entries = read_timeline(primary_killed(tmp_path / "d") / "timeline.jsonl")
    assert _outline(tell(entries)) == [
        "Steady state before",
        "Customers: 20 users, 100 orders a second",
        "  Load steady",
        "  Fault: Kill(east-db-1)",
        "    Fault started",
        "    Fault took effect",
        "    Runbook: Promote the standby (promote-standby.md)",
        "      Find who is primary now",
        "      See that a synchronous standby exists",
        "      Promote the synchronous standby",
        "      Write through the customers' entrance",
        "    Recovery seen",
        "    Revert started",
        "Steady state after",
        "Final read: 7770 orders",
    ]


def test_a_failed_step_marks_what_is_around_it_and_nothing_else() -> None:
    told = tell([
        _entry(1, Event.FAULT_PLANNED, id="1", fault="A"),
        _entry(2, Event.RUNBOOK_STARTED, runbook="r.md", title="R"),
        _entry(3, Event.STEP_STARTED, runbook="r.md", line=4, title="good", command="true"),
        _entry(4, Event.STEP_ENDED, runbook="r.md", line=4, exit_code=0, failure=None),
        _entry(5, Event.STEP_STARTED, runbook="r.md", line=9, title="bad", command="false"),
        _entry(6, Event.STEP_ENDED, runbook="r.md", line=9, exit_code=1, failure="exit 1"),
        _entry(7, Event.RUNBOOK_ENDED, runbook="r.md"),
        _entry(8, Event.FAULT_GONE, id="1"),
        _entry(9, Event.STEADY_AFTER, deviations=[]),
    ])  # fmt: skip
    assert _outline(told) == [
        "Fault: A !", "  Runbook: R (r.md) !", "    good", "    bad !", "Steady state after",
    ]  # fmt: skip


def test_faults_end_by_their_own_id_in_any_order() -> None:
    told = tell([
        _entry(1, Event.FAULT_PLANNED, id="1", fault="A"),
        _entry(2, Event.FAULT_PLANNED, id="2", fault="B"),
        _entry(3, Event.FAULT_GONE, id="1"),
        _entry(4, Event.REVERT_FAILED, id="2", why="it would not"),
        _entry(5, Event.STEADY_AFTER, deviations=[]),
    ])  # fmt: skip
    first, second = told[0], told[0].within[0]
    assert (first.ended.at, first.failure) == (3, None)
    assert (second.ended.at, second.failure) == (4, "it would not")
    assert told[1].name == "Steady state after"


def test_a_step_left_open_ends_with_what_it_was_part_of() -> None:
    told = tell([
        _entry(1, Event.FAULT_PLANNED, id="1", fault="A"),
        _entry(2, Event.STEP_STARTED, runbook="r.md", line=4, title="hangs", command="cat"),
        _entry(3, Event.FAULT_GONE, id="1"),
        _entry(4, Event.STEADY_AFTER, deviations=["no standby"]),
    ])  # fmt: skip
    assert _outline(told) == ["Fault: A !", "  hangs !", "Steady state after !"]
    assert told[0].within[0].ended.at == 3


def test_what_never_ended_failed_and_lasts_to_the_end() -> None:
    told = tell([
        _entry(1, Event.LOAD_STARTED, users=1, attempts_per_second=1),
        _entry(2, Event.STEP_STARTED, runbook="r.md", line=4, title="hangs", command="cat"),
        _entry(7, Event.OBSTACLE, why="interrupted"),
    ])  # fmt: skip
    assert told[0].ended.at == 7
    assert told[0].within[0].failure == "it never ended"


def test_restores_are_told_and_fail_by_their_checks() -> None:
    backup: dict[str, Json] = {
        "kind": "full", "label": "F1", "repository": "west-backup", "rows": 12,
        "asked": "the backup alone", "seconds": 7.25,
    }  # fmt: skip
    told = tell([
        _entry(1, Event.TAKEN_BACK, to="2026-03-01T12:00:01.5+00:00", stopped="later"),
        _entry(2, Event.RESTORED, **backup),
        _entry(3, Event.RESTORED, **backup | {"checks": ["1 page is damaged", "no rows"]}),
    ])  # fmt: skip
    restored = (
        "Restored: the full backup F1 from west-backup (the backup alone), 12 orders in 7.250 s"
    )
    assert _outline(told) == [
        "Database taken back to 2026-03-01T12:00:01.5+00:00", restored, f"{restored} !",
    ]  # fmt: skip
    assert told[2].failure == "1 page is damaged\nno rows"


def test_an_attachment_is_told_of_only_where_it_is_missing() -> None:
    entries = [
        _entry(1, Event.ATTACHMENT, title="Cost", file="cost.svg"),
        _entry(2, Event.ATTACHMENT, title="Sizes {x}", file="sizes.csv"),
    ]
    assert _outline(tell(entries)) == []
    assert _outline(tell(entries, {"sizes.csv"})) == [
        "Not attached: Sizes {x}, for sizes.csv is not in the drill's folder",
    ]


def test_the_runbook_as_followed_shows_commands_results_and_what_failed(tmp_path: Path) -> None:
    entries = read_timeline(primary_killed(tmp_path / "d") / "timeline.jsonl")
    page = runbook_as_followed(entries)
    assert page.count("**done**") == 4
    assert "## Recovery\n\n### 3. Promote the synchronous standby" in page
    assert "~~~text\noutput of step 3\n~~~" in page
    entries[-1:] = [
        _entry(5, Event.RUNBOOK_STARTED, runbook="x.md", title="X"),
        _entry(5, Event.STEP_STARTED, runbook="x.md", line=1, command="cat page.md"),
        _entry(6, Event.STEP_ENDED, runbook="x.md", output="~~~\nx\n~~~~", failure="exit 1"),
    ]
    page = runbook_as_followed(entries)
    assert "### 1. cat page.md\n\n**FAILED**: exit 1" in page
    assert "~~~~~text\n~~~\nx\n~~~~\n~~~~~" in page


def test_no_runbook_is_no_page() -> None:
    assert runbook_as_followed([_entry(1, Event.LOAD_STEADY)]) == ""
