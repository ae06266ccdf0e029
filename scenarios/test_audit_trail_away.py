"""The audit trail is away for a while.

We believe that customers do not notice: no order waits for the trail, and none fails because of
it. What happened meanwhile is in it once it is back: every order that a customer was told of,
as its row and as what an instance says of who asked for it. And it is still the trail that was
written before.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.audit_trail import AuditTrail
from fixtures.faults import Kill
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("SEC-4", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(secured=True)),
]

AWAY = Objectives(rto_seconds=2, rpo_seconds=0, availability=0.99)
HOLD = timedelta(seconds=15)
TOLD_WITHIN = timedelta(seconds=20)
WATCH = timedelta(minutes=1)


def test_the_audit_trail_is_away(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch, trail: AuditTrail
) -> None:
    """The audit trail ends; orders go on, and are in it once it is back."""
    with load.orders():
        with inject(Kill("east-audit"), hold=HOLD):
            recovery.wait(at_most=WATCH)
        follow("audit-trail-away.md")
        trail.must_have_every_order(within=TOLD_WITHIN)
    recovery.must_meet(AWAY)
