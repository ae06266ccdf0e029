"""A region whose majority is in one zone must be found out when that zone is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from scenarios import test_zone_gone as scenario

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [pytest.mark.sabotage, pytest.mark.nightly]


def test_a_zone_with_the_majority_of_the_consensus_store_takes_the_region_with_it(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The region as it would be if the first member stood in the lost zone too.
    monkeypatch.setattr(scenario, "LOST", "*@{zone},east-etcd-1")
    monkeypatch.setattr(scenario, "OBJECTIVES", replace(scenario.OBJECTIVES, rto_seconds=35))
    monkeypatch.setattr(scenario, "WATCH", timedelta(seconds=36))

    sabotaged.must_be_missed(scenario.test_the_zone_of_the_primary_is_gone, "RTO missed")
