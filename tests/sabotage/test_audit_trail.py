"""A trail that lacks orders must be found out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from fixtures.faults import Kill
from scenarios import test_audit_trail_away as scenario

if TYPE_CHECKING:
    from fixtures.audit_trail import AuditTrail
    from fixtures.steps import Injector, Loads, RecoveryWatch
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(secured=True)),
]


def _an_instance_dies_meanwhile(
    load: Loads, inject: Injector, recovery: RecoveryWatch, trail: AuditTrail
) -> None:
    """What an instance had to tell is in its memory, and goes with it."""
    with load.orders():
        with (
            inject(Kill("east-audit")),
            inject(Kill("east-app-1"), hold=timedelta(seconds=2)),
        ):
            recovery.wait(at_most=scenario.WATCH)
        trail.must_have_every_order(within=timedelta(seconds=8))
    recovery.must_meet(scenario.AWAY)


def test_orders_that_the_trail_lacks_are_found(sabotaged: Sabotaged) -> None:
    sabotaged.must_be_missed(
        _an_instance_dies_meanwhile, 'not in the audit trail as "order made"'
    )
