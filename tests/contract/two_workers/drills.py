"""Two real drills that are run side by side, one of which loses its process.

Three replicas on a small machine are slow: what is believed of the one that is spared is
that it ends by itself and loses nothing, so its objective leaves it time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import Kill
from reports.verdict import Objectives

if TYPE_CHECKING:
    from fixtures.steps import Injector, Loads, RecoveryWatch

pytestmark = pytest.mark.dr
OBJECTIVES = Objectives(rto_seconds=60, rpo_seconds=0)
FOR_LONG = timedelta(seconds=60)


def test_the_spared(load: Loads, inject: Injector, recovery: RecoveryWatch) -> None:
    """One instance dies, and nothing happens to whoever watches."""
    with load.orders(users=5, attempts_per_second=20), inject(Kill("east-app-1")):
        recovery.wait(at_most=FOR_LONG)
    recovery.must_meet(OBJECTIVES)


def test_the_lost(load: Loads, inject: Injector, recovery: RecoveryWatch) -> None:
    """One instance is dead when its drill's process is killed."""
    with (
        load.orders(users=5, attempts_per_second=20),
        inject(Kill("east-app-1"), hold=FOR_LONG),
    ):
        recovery.wait(at_most=FOR_LONG)
    recovery.must_meet(OBJECTIVES)
