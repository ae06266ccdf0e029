"""People know what a restore would cost at production's size.

We believe that restores of databases of three sizes, with little log to replay and with
much, all bring back every row, and that a line through their times says how long production
would be away. What it says is for people: it fails nobody's drill.
"""

import pytest

from environments.catalog import Settings
from fixtures.recovery_cost import RecoveryCost

pytestmark = [
    pytest.mark.dr,
    pytest.mark.restore,
    pytest.mark.requirement("BKP-10"),
    pytest.mark.settings(Settings(backups=True)),
]

MEGABYTES = (64, 256, 512)
WAL_MEGABYTES = 96
TIMES = 2


def test_what_recovery_costs_is_measured(recovery_cost: RecoveryCost) -> None:
    """Databases of three sizes are restored, and their cost is projected to production."""
    recovery_cost.measure(megabytes=MEGABYTES, wal_megabytes=WAL_MEGABYTES, times=TIMES)
    recovery_cost.must_be_whole()
