"""Reads of a copy that lags, without its age being looked at, must be found out as stale."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from fixtures.faults import Kill, Lag
from fixtures.waiting import wait_until
from reports.verdict import Objectives
from tests.sabotage.missed import missed
from tests.sabotage.taken import acknowledged

if TYPE_CHECKING:
    from environments.model import Environment
    from fixtures.drill import Drill
    from fixtures.steps import Injector, Loads, RecoveryWatch

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


def test_a_copy_that_lags_shows_less_than_customers_had_been_told(
    environment: Environment,
    drill: Drill,
    load: Loads,
    inject: Injector,
    recovery: RecoveryWatch,
) -> None:
    """Nothing is lost, and all of it is there in the end: only the order of what was seen."""
    lagging = next(
        name for name, state in environment.states("db").items() if state == "replica"
    )
    with missed(drill, "stale reads"):
        with load.orders(attempts_per_second=RATE), inject(Lag(lagging, 8)):
            first = acknowledged(drill)
            wait_until(
                "the copy to be behind",
                lambda: acknowledged(drill) >= first + BEHIND,
                at_most=timedelta(seconds=30),
            )
            with inject(Kill("east-etcd-1,east-etcd-2"), hold=HOLD):
                pass
            recovery.wait(at_most=WATCH)
        recovery.must_meet(OBJECTIVES)

    assert drill.recovery is not None
    assert drill.recovery.lost == 0
    assert drill.recovery.lost_after_effect == 0
