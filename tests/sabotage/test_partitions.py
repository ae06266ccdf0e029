"""Partitions in a world, or with a page, that lacks a safeguard must be found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Direction
from fixtures.faults import Partition
from scenarios import test_partitions as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]

LONGER_THAN_THE_LEASE = timedelta(seconds=25)


@pytest.mark.settings(Settings(synchronous=False))
class TestAsynchronousReplication:
    @pytest.fixture(autouse=True)
    def _short_hold(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scenario, "HOLD", LONGER_THAN_THE_LEASE)

    def test_a_primary_with_a_minority_is_a_split_brain(self, sabotaged: Sabotaged) -> None:
        sabotaged.must_be_missed(scenario.test_the_primary_is_with_a_minority, "split brain")

    def test_a_primary_that_is_not_heard_is_a_split_brain(self, sabotaged: Sabotaged) -> None:
        sabotaged.must_be_missed(
            scenario.test_packets_of_the_primary_are_lost_one_way,
            "split brain",
            direction=Direction.OUTBOUND,
        )

    def test_a_shape_that_was_drawn_loses_orders(
        self, sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shape = Partition("db:primary", "db,etcd")
        monkeypatch.setattr(scenario, "random_partitions", lambda *_, **__: [shape])
        monkeypatch.setattr(scenario, "RANDOM_HOLDS", [LONGER_THAN_THE_LEASE])

        sabotaged.must_be_missed(scenario.test_ten_partitions_of_random_shape, "split brain")


def test_a_page_that_moves_no_primary_to_customers_misses_the_rto(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An intact drill takes about 10 s here, so this objective would be met.
    monkeypatch.setattr(scenario, "BY_HAND", replace(scenario.BY_HAND, rto_seconds=20))
    monkeypatch.setattr(scenario, "HOLD", timedelta(seconds=22))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=22))
    sabotaged.leave_out(
        "primary-out-of-reach.md", "Move the primary to the standby", then_stop=True
    )

    sabotaged.must_be_missed(
        scenario.test_the_primary_has_the_majority_and_no_customers, "RTO missed"
    )


def test_a_page_that_leaves_the_primary_where_the_network_flaps_is_found(
    sabotaged: Sabotaged,
) -> None:
    sabotaged.leave_out(
        "flapping-network.md", "Move the primary to a synchronous standby", then_stop=True
    )

    sabotaged.must_be_missed(
        scenario.test_the_network_of_the_primary_flaps, "availability missed"
    )
