"""People know of a peak before the autoscaler can: by the schedule, or by hand.

We believe that instances are there before the customers are, so that nobody is refused and
orders take no longer than on any other day, and that they leave again, dropping nobody,
once people let go or the scheduled time is over.
"""

from dataclasses import replace

import pytest

from fixtures.load.shapes import Step
from fixtures.scaling import ScalingWatch
from fixtures.steps import Follower, Loads, RecoveryWatch
from scenarios.test_scaling import BACK, BASE, GRADUAL, MEASURED, SERVED, WATCH, WORLD

pytestmark = [pytest.mark.dr, pytest.mark.scaling, pytest.mark.settings(WORLD)]

OBJECTIVES = replace(SERVED, scaling=replace(GRADUAL, reaches=6))


@pytest.mark.requirement("SCL-3", "SCL-2")
def test_a_peak_in_the_schedule(
    load: Loads, scaling: ScalingWatch, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A peak that is in the schedule comes."""
    with scaling.watched(), load.orders(attempts_per_second=BASE, beforehand=MEASURED):
        times = scaling.times(5.5)
        follow("plan-a-peak.md")
        with load.surge(Step(times, 25)):
            pass  # its instances are there already
        follow("peak-is-over.md")
        scaling.wait_until_back(at_most=BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.requirement("SCL-4", "SCL-2")
def test_people_scale_by_hand(
    load: Loads, scaling: ScalingWatch, follow: Follower, recovery: RecoveryWatch
) -> None:
    """People hold six instances for a peak, and let go after it."""
    with scaling.watched(), load.orders(attempts_per_second=BASE, beforehand=MEASURED):
        times = scaling.times(5.5)
        follow("scale-by-hand.md")
        with load.surge(Step(times, 25)):
            pass  # its instances are there already
        follow("scale-let-go.md")
        scaling.wait_until_back(at_most=BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
