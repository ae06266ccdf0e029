"""A database cluster with one safeguard removed must be found out, for the right reason."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from environments.catalog import Settings
from fixtures.faults import Fault, Partition
from fixtures.steps import Injector
from fixtures.waiting import wait_until
from reports.ledger import FINAL_READ, read_ledger
from reports.ledger import Outcome as Told
from scenarios import test_primary_killed, test_primary_partition
from tests.sabotage.sabotaged import acknowledged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.drill import Drill
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = pytest.mark.sabotage

NOT_REPLICATED = 100


class InjectWhileStandbysLag(Injector):
    """Injects once some orders were acknowledged that no standby has."""

    @contextmanager
    def __call__(
        self, fault: Fault, *, hold: timedelta = timedelta(0), mended_by_people: bool = False
    ) -> Iterator[None]:
        environment = self.drill.environment
        cut = Partition("db:primary", "db").plan(environment)
        try:
            cut.inject(environment)
            # Counted from here: while a cut is being made, standbys still receive orders.
            enough = acknowledged(self.drill) + NOT_REPLICATED
            wait_until(
                "orders to be acknowledged that no standby has",
                lambda: acknowledged(self.drill) >= enough,
                at_most=timedelta(seconds=20),
            )
            with Injector(self.drill)(fault, hold=hold, mended_by_people=mended_by_people):
                yield
        finally:
            cut.revert(environment)


def lost_orders(drill: Drill) -> set[int]:
    """Count anew, by the plainest means, what the judge should have found."""
    ledger = read_ledger(drill.folder / "ledger.bin")
    told = {int(a["key"]) for a in ledger if a["operation"] == 1 and a["outcome"] == Told.YES}
    return told - present(drill)


def present(drill: Drill) -> set[int]:
    rows = np.fromfile(drill.folder / "final-read.bin", FINAL_READ)
    return {int(row["key"]) for row in rows}


@pytest.mark.settings(Settings(synchronous=False))
class TestAsynchronousReplication:
    def test_the_loss_of_the_primary_loses_orders(self, sabotaged: Sabotaged) -> None:
        sabotaged.must_be_missed(
            test_primary_killed.test_the_primary_is_killed_and_left_alone,
            "RPO missed",
            "stale reads",  # who had such an order in hand looked for it afterwards
            inject=InjectWhileStandbysLag(sabotaged.drill),
        )

        lost = lost_orders(sabotaged.drill)
        assert len(lost) >= NOT_REPLICATED // 2
        assert (sabotaged.recovery.lost or 0) + (
            sabotaged.recovery.lost_after_effect or 0
        ) == len(lost)

    def test_an_isolated_primary_that_customers_reach_is_a_split_brain(
        self, sabotaged: Sabotaged
    ) -> None:
        sabotaged.must_be_missed(
            test_primary_partition.test_partition_of_the_primary_that_customers_still_reach,
            "split brain",
        )

        assert sabotaged.recovery.lost_after_effect


@pytest.mark.nightly
def test_a_runbook_without_the_promotion_misses_the_rto(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An intact drill takes about 25 s here, so this objective would be met.
    scenario = test_primary_killed
    monkeypatch.setattr(scenario, "BY_HAND", replace(scenario.BY_HAND, rto_seconds=35))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=36))
    sabotaged.leave_out("promote-standby.md", "Promote the synchronous standby", then_stop=True)

    sabotaged.must_be_missed(scenario.test_the_primary_is_killed_in_maintenance, "RTO missed")
