"""The next release is deployed while customers order: stage by stage, and all at once.

We believe that nobody notices: an instance gets no customers before it took an order as it was
meant, and ends what it works on before it is stopped. And we believe that the way back is as
harmless, and takes a moment: the instances of the release before run on until it is stable.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.changes import ChangesWatch
from fixtures.steps import Follower, Loads, RecoveryWatch
from reports.verdict import ChangeObjectives, Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("DEP-1", "DEP-2", "OBJ-1")]

# Not one request fails. An instance that starts takes processors, and a small host has few:
# some requests may take longer than half a second for that alone.
PROMOTED = Objectives(
    rto_seconds=5,
    rpo_seconds=0,
    availability=1.0,
    read_availability=1.0,
    change=ChangeObjectives(harmed=0.05, failed=0.0, ends="promoted", by="itself"),
)
SWITCHED_BACK = replace(
    PROMOTED,
    change=ChangeObjectives(harmed=0.05, failed=0.0, ends="rolled back", by="people"),
)
BEFOREHAND = timedelta(seconds=3)
STABLE = timedelta(minutes=2)


@pytest.mark.settings(Settings(release="next"))
def test_a_release_is_deployed(
    load: Loads, follow: Follower, changes: ChangesWatch, recovery: RecoveryWatch
) -> None:
    """A good release gets to a tenth of customers, to half of them, and to all."""
    with changes.watched(), load.orders(beforehand=BEFOREHAND):
        follow("deploy-a-release.md")
        changes.wait_until("stable", at_most=STABLE)
    recovery.must_meet(PROMOTED)


@pytest.mark.settings(Settings(release="next", release_policy="standard"))
def test_a_release_is_switched_to_and_back(
    load: Loads, follow: Follower, changes: ChangesWatch, recovery: RecoveryWatch
) -> None:
    """All customers are switched to a release at once, and all at once back again."""
    with changes.watched(), load.orders(beforehand=BEFOREHAND):
        follow("switch-to-a-release.md")
        follow("switch-back.md")
    recovery.must_meet(SWITCHED_BACK)
