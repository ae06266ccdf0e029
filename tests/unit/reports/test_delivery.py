"""Belief: what auditors count of changes is what DORA means by its measures."""

from __future__ import annotations

from dataclasses import replace

from reports.changes_log import ChangeKind, Step
from reports.delivery import delivery_table, measure_delivery
from tests.unit.reports.change_drills import ChangeCase

BAD = ChangeCase().measure().changes[0]
GOOD = replace(BAD, change="next-1", ended=Step.PROMOTED, promoted_at=39.0, ended_at=39.0)


def test_a_failed_deployment_is_restored_when_it_is_rolled_back() -> None:
    seen = measure_delivery([BAD, GOOD])
    assert (seen.changes, seen.deployments, seen.failed, seen.failure_rate) == (2, 2, 1, 0.5)
    assert (seen.restore_seconds, seen.lead_seconds) == ([4.0], [30.0])


def test_harm_after_the_rollback_makes_restoring_longer() -> None:
    assert measure_delivery([replace(BAD, last_harmed_at=25.0)]).restore_seconds == [12.0]


def test_where_nobody_was_harmed_or_proposed_it_counts_from_the_start() -> None:
    unharmed = replace(BAD, first_harmed_at=None, last_harmed_at=None)
    assert measure_delivery([unharmed]).restore_seconds == [7.0]
    assert measure_delivery([replace(GOOD, proposed_at=None)]).lead_seconds == [29.0]


def test_what_no_customer_met_is_no_deployment() -> None:
    refused = replace(BAD, deployed=False, ended=Step.REFUSED)
    seen = measure_delivery([refused])
    assert (seen.changes, seen.deployments, seen.failure_rate) == (1, 0, None)
    assert (seen.restore_seconds, seen.lead_seconds) == ([], [])


def test_one_that_failed_or_never_ended_was_not_restored() -> None:
    failed, unended = replace(BAD, ended=Step.FAILED), replace(BAD, ended=None, ended_at=None)
    seen = measure_delivery([failed, unended])
    assert (seen.deployments, seen.failed, seen.restore_seconds) == (2, 1, [])


def test_a_promotion_that_was_taken_back_has_no_lead_time() -> None:
    assert measure_delivery([replace(BAD, promoted_at=14.0)]).lead_seconds == []


def test_a_row_for_each_kind_and_one_for_all() -> None:
    flag = replace(GOOD, kind=ChangeKind.FLAG, proposed_at=36.0)
    slower = replace(BAD, ended_at=33.0)
    table = delivery_table([BAD, slower, GOOD, flag], "four drills")
    assert table.title == "What auditors count of changes, over four drills"
    assert table.rows == [
        ("release", "3", "0", "3", "2", "66.6 %", "12 s", "20 s", "30 s", "30 s"),
        ("flag", "1", "0", "1", "0", "0 %", "-", "-", "3 s", "3 s"),
        ("all", "4", "0", "4", "2", "50 %", "12 s", "20 s", "16.5 s", "30 s"),
    ]
