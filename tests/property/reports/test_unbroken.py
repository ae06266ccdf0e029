"""Belief: customers of a drill that only restored are judged as the slow reference would."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import event, given, settings

from reports.ledger import FINAL_READ
from reports.recovery import judge
from reports.restorations import Restoration, compare
from tests.property.reports import reference, reference_verdict
from tests.property.reports.histories import (
    as_ledger,
    as_objectives,
    as_watch,
    demands,
    drills,
    measured,
)
from tests.property.reports.reference import Attempt

if TYPE_CHECKING:
    from tests.property.reports.reference import Demand, Drill

EXAMPLES = settings(max_examples=200, deadline=None)
ORDER = Attempt(1, 10, 1.0, 2.0, "YES")
WHOLE_COPY = compare(
    as_ledger([ORDER]),
    np.array([(ORDER.key, ORDER.value, True)], FINAL_READ),
    Restoration(
        repository="east-backup", kind="full", label="20260301F", asked="the backup alone",
        seconds=0.0, earliest=3.0, latest=3.0, file="restored-1.bin", rows=1, checks=(),
    ),
)  # fmt: skip


@EXAMPLES
@given(drills, demands)
def test_the_verdict_is_that_of_the_reference(drill: Drill, demand: Demand) -> None:
    unbroken = replace(drill, faults=())
    verdict = judge(
        measured(unbroken),
        as_objectives(demand),
        injections=(),
        watch=as_watch(drill),
        comparisons=[WHOLE_COPY],
    )
    event(verdict.outcome.value)
    expected = reference_verdict.verdict(unbroken, demand)
    assert verdict.outcome.value == expected, verdict.reasons


@EXAMPLES
@given(drills)
def test_whatever_is_missing_is_lost_at_no_age(drill: Drill) -> None:
    unbroken = replace(drill, faults=(), back=None)
    recovery = measured(unbroken)
    if drill.rows is not None:
        assert recovery.lost == len(reference.missing(unbroken))
        assert (recovery.lost_after_effect, recovery.rpo_seconds) == (0, 0.0)
