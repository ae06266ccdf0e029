"""A copy that lags, and is told as if it were the primary, must be found out by its reads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import find_node
from fixtures.faults import Kill, Lag
from fixtures.waiting import wait_until
from reports.verdict import Objectives
from tests.sabotage.sabotaged import acknowledged

if TYPE_CHECKING:
    from environments.model import Node
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
END_SESSIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'orders'
"""


def sessions_ended(node: Node) -> int:
    """End the service's sessions with a copy; those that open anew may go to another one."""
    done = node.run(
        ["psql", "--username=postgres", "--dbname=orders", "-At", "--command", END_SESSIONS],
        within=timedelta(seconds=10),
    )
    return int(done.stdout)


def read_from_a_copy_that_lags(
    drill: Drill, load: Loads, inject: Injector, recovery: RecoveryWatch
) -> None:
    """Without a primary every copy is read from, the one that lags among them.

    Without the cache too: it remembers what was paid, and would answer in the copies' place.
    """
    of_state = {state: name for name, state in drill.environment.states("db").items()}
    lagging, standby = of_state["replica"], of_state["standby"]
    wait_until(
        "all who read copies to read the one that will lag",
        lambda: sessions_ended(find_node(drill.environment, standby)) == 0,
        at_most=timedelta(seconds=30),
    )
    with load.orders(attempts_per_second=RATE), inject(Lag(lagging, kilobits_per_second=8)):
        enough = acknowledged(drill) + BEHIND
        wait_until(
            "the copy to be behind",
            lambda: acknowledged(drill) >= enough,
            at_most=timedelta(seconds=30),
        )
        with inject(Kill("cache,east-etcd-1,east-etcd-2"), hold=HOLD):
            pass
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


def test_a_copy_that_lags_shows_less_than_customers_had_been_told(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(read_from_a_copy_that_lags, "stale reads")

    # All of it is there in the end: only what was read in between was wrong.
    assert sabotaged.recovery.lost == 0
    assert sabotaged.recovery.lost_after_effect == 0
