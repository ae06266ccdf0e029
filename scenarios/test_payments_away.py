"""The payment provider, whom we do not run, becomes slow, then errs, then is gone.

We believe that customers do not notice: orders are taken within 500 ms as before, stay
pending while payments is away, and every one of them is settled after it returns. Nobody
needs to do anything; payments-away.md is how whoever is on call makes sure.
"""

from datetime import timedelta

import pytest

from fixtures.faults import Kill, Reset, Slow
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-10", "OBJ-2", "OBJ-4", "STK-3")]

OBJECTIVES = Objectives(rto_seconds=2, rpo_seconds=0, p95_seconds=0.5, unsettled=0)
HOLD = timedelta(seconds=8)
WATCH = timedelta(minutes=1)


def test_payments_becomes_slow_then_errs_then_is_gone(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """The payment provider becomes slow, then errs, then is gone."""
    with load.orders(users=20):
        with inject(Slow("app-to-payments", by=timedelta(seconds=3)), hold=HOLD):
            follow("payments-away.md")
            recovery.wait(at_most=WATCH)
        with inject(Reset("app-to-payments"), hold=HOLD):
            recovery.wait(at_most=WATCH)
        with inject(Kill("payments"), hold=HOLD):
            recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
