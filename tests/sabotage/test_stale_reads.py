"""Reads of a copy that lags, without its age being looked at, must be found out as stale."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from fixtures.faults import Kill, Lag
from fixtures.waiting import wait_until
from reports.verdict import Objectives
from tests.sabotage.sabotaged import acknowledged

if TYPE_CHECKING:
    from fixtures.drill import Drill
    from fixtures.steps import Injector, Loads, RecoveryWatch
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(read_only=True, fresh_reads=False)),
]

RATE = 25  # orders per second
BEHIND = 100  # orders
HOLD = timedelta(seconds=12)  # after some of them reads come from the copies
WATCH = timedelta(seconds=60)
OBJECTIVES = Objectives(rto_seconds=60, rpo_seconds=0)


def read_from_a_copy_that_lags(
    drill: Drill, load: Loads, inject: Injector, recovery: RecoveryWatch
) -> None:
    """Without a primary every copy is read from, the one that lags among them."""
    states = drill.environment.states("db")
    lagging = next(name for name, state in states.items() if state == "replica")
    with load.orders(attempts_per_second=RATE), inject(Lag(lagging, kilobits_per_second=8)):
        enough = acknowledged(drill) + BEHIND
        wait_until(
            "the copy to be behind",
            lambda: acknowledged(drill) >= enough,
            at_most=timedelta(seconds=30),
        )
        with inject(Kill("east-etcd-1,east-etcd-2"), hold=HOLD):
            pass
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


def test_a_copy_that_lags_shows_less_than_customers_had_been_told(sabotaged: Sabotaged) -> None:
    recovery = sabotaged.must_be_missed(read_from_a_copy_that_lags, "stale reads")

    # All of it is there in the end: only what was read in between was wrong.
    assert recovery.lost == 0
    assert recovery.lost_after_effect == 0
