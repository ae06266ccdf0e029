"""Somebody has a copy of every secret, and all of them are changed while customers order.

We believe that every secret can be given its next value without one request that fails: the
new one is let in first, everybody who uses the secret is seen to have moved over to it, and
only then does the old one end. When the page is through, none of the copies opens anything.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import CopySecrets
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("CFG-2", "SEC-1", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(secured=True)),
]

OBJECTIVES = Objectives(
    rto_seconds=1, rpo_seconds=0, availability=1.0, read_availability=1.0, p95_seconds=1.0
)
WATCH = timedelta(minutes=1)


def test_every_secret_is_rotated_while_customers_order(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """Every secret was copied; people change all of them, and nobody notices."""
    with (
        load.orders(users=20, beforehand=timedelta(seconds=5)),
        inject(CopySecrets(), mended_by_people=True),
    ):
        follow("rotate-secrets.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
