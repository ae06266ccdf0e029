"""Belief: the parts of an outage are what people did, and add up to what was measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from reports.ledger import Outcome as Told
from reports.phases import break_down, phase_of
from reports.timeline import Entry, Event
from tests.unit.reports.drills import FAULT_AT, Case, fail, outage_until, steady_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.phases import Breakdown
    from reports.timeline import Json

Step = tuple[str, float, float]


def entry(at: float, event: Event, **details: Json) -> Entry:
    return Entry(at, datetime.fromtimestamp(at, UTC), event, details)


def runbook(*steps: Step, began: float, ended: float, allowance: float = 120) -> list[Entry]:
    """Tell of a runbook by its steps: title, when it began and when it ended."""
    told = [entry(began, Event.RUNBOOK_STARTED, runbook="r.md", allowance_seconds=allowance)]
    for title, since, until in steps:
        told.append(entry(since, Event.STEP_STARTED, runbook="r.md", title=title))
        told.append(entry(until, Event.STEP_ENDED, runbook="r.md"))
    return [*told, entry(ended, Event.RUNBOOK_ENDED, runbook="r.md")]


FAILOVER = runbook(
    ("decide: look at both regions", 12.0, 13.0),
    ("DR: fence: stop the databases of east", 13.0, 15.0),
    ("fence: lead no customers to east", 15.25, 16.0),
    ("Promote: let west write", 16.0, 20.0),
    ("See who is alive", 20.0, 20.5),
    ("point over: the entrance leads to west", 20.5, 21.0),
    ("verify: an order is taken", 30.0, 31.0),
    began=11.5,
    ended=31.0,
)


def parts(case: Case, entries: Sequence[Entry]) -> list[tuple[str, float]]:
    found = found_in(case, entries)
    return [] if found is None else [(one.name, one.seconds) for one in found.phases]


def found_in(case: Case, entries: Sequence[Entry]) -> Breakdown | None:
    return break_down(entries, case.ledger, case.measure())


def test_an_outage_is_broken_down_by_phase() -> None:
    case = outage_until(24.0)
    assert parts(case, FAILOVER) == [
        ("detect", 1.5),
        ("decide", 1.5),
        ("fence", 3.0),
        ("promote", 4.0),
        ("See who is alive", 0.5),
        ("point over", 0.5),
        ("first success", 3.125),
    ]


def test_the_parts_follow_one_another_and_add_up_to_the_rto() -> None:
    case = outage_until(24.0)
    found = found_in(case, FAILOVER)
    assert found is not None
    ends = [one.ended_at for one in found.phases]
    assert [one.began_at for one in found.phases] == [FAULT_AT, *ends[:-1]]
    assert found.seconds == case.measure().rto_seconds
    assert sum(map(found.share, found.phases)) == pytest.approx(1)


def test_the_time_for_deciding_is_told_apart() -> None:
    found = found_in(outage_until(24.0), FAILOVER)
    assert found is not None
    assert found.allowance_seconds == 120
    before = runbook(("Look", 5.0, 6.0), began=4.0, ended=7.0, allowance=30)
    failback = runbook(("Go back", 41.0, 42.0), began=40.0, ended=43.0, allowance=300)
    found = found_in(outage_until(24.0), [*before, *FAILOVER, *failback])
    assert found is not None
    assert found.allowance_seconds == 120


def test_stumbles_after_the_first_success_are_until_the_service_level_is_restored() -> None:
    case = outage_until(24.0)
    fail(case.ledger, 25.0, 25.5)
    assert parts(case, FAILOVER)[-2:] == [
        ("first success", 3.125),
        ("service level restored", 1.5),
    ]


def test_a_step_that_the_first_success_interrupts_ends_there() -> None:
    case = outage_until(18.0)
    assert parts(case, FAILOVER)[-1] == ("promote", 2.125)


def test_customers_who_are_served_in_part_have_no_first_success() -> None:
    case = Case()
    fail(case.ledger, FAULT_AT, 24.0)
    some = (case.ledger["key"] % 3 == 0) & (case.ledger["began"] > FAULT_AT)
    case.ledger["outcome"][some] = Told.YES
    assert parts(case, FAILOVER)[-2:] == [
        ("point over", 0.5),
        ("service level restored", 3.125),
    ]


def test_what_was_never_restored_says_so() -> None:
    assert parts(outage_until(61.0), FAILOVER)[-2:] == [
        ("verify", 10.0),
        ("not restored", 29.0),
    ]


def test_a_step_that_never_ended_lasts_as_long_as_the_outage() -> None:
    assert parts(outage_until(24.0), FAILOVER[:4])[-1] == ("fence", 11.125)


def test_the_while_between_two_runbooks_has_a_name() -> None:
    first = runbook(("fence: a", 12.0, 14.0), began=11.0, ended=14.0, allowance=60)
    second = runbook(("promote: b", 18.0, 20.0), began=17.0, ended=20.0, allowance=60)
    case = outage_until(24.0)
    assert parts(case, [*first, *second]) == [
        ("detect", 1.0),
        ("fence", 3.0),
        ("between runbooks", 3.0),
        ("promote", 3.0),
        ("first success", 4.125),
    ]
    found = found_in(case, [*first, *second])
    assert found is not None
    assert found.allowance_seconds == 120


def test_a_runbook_that_was_open_already_needs_no_detection() -> None:
    planned = runbook(
        ("stop: writes", 9.0, 12.0), ("start: writes", 12.0, 15.0), began=8.0, ended=15.0
    )
    assert parts(outage_until(16.0), planned) == [
        ("stop", 2.0),
        ("start", 3.0),
        ("first success", 1.125),
    ]


def test_what_was_done_before_the_outage_is_no_part_of_it() -> None:
    before = runbook(("check: it", 8.0, 9.0), began=7.0, ended=9.5)
    assert found_in(outage_until(16.0), before) is None
    assert parts(outage_until(24.0), [*before, *FAILOVER])[0] == ("detect", 1.5)


def test_an_outage_that_ends_by_itself_has_no_parts() -> None:
    assert found_in(outage_until(24.0), []) is None
    assert found_in(Case(), FAILOVER) is None
    assert break_down(FAILOVER, Case().ledger, None) is None


def test_an_outage_of_no_length_has_no_parts() -> None:
    """The last write of a ledger fails at the very moment at which it began."""
    case = Case(ledger=steady_ledger()[:81])
    fail(case.ledger, 20.0, 20.25)
    recovery = case.measure()
    assert [one.seconds for one in recovery.outages] == [0.0]
    assert break_down(FAILOVER, case.ledger, recovery) is None


@pytest.mark.parametrize(
    ("title", "phase"),
    [
        ("fence: lead no customers to east", "fence"),
        ("DR: fence: lead no customers to east", "fence"),
        ("Point over: west", "point over"),
        ("Orders are taken: the service is ready", "Orders are taken: the service is ready"),
        ("Promote the standby", "Promote the standby"),
        ("DR: promote the standby", "promote the standby"),
        ("what now:", "what now:"),
        (": nothing", ": nothing"),
    ],
)
def test_a_phase_is_what_stands_before_the_colon(title: str, phase: str) -> None:
    assert phase_of(title) == phase
