"""More customers come, and the stack grows for them; fewer, and it shrinks.

We believe that the autoscaler (Kubernetes' rule, three to ten instances) adds instances
before customers are refused, that they get what they are promised once it has grown, that
it neither adds many more than are needed nor adds and removes them in turns, and that
nobody is dropped when instances leave. What comes too suddenly, or is more than ten
instances carry, is refused at once and honestly until there are enough.

Two processors serve everything here. An instance has a small share of one, so that
instances are what runs out first, and the policy is production's with its times made short.
How many orders an instance carries is measured first, and the loads are made for so many
instances.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.host_speed import slowness
from fixtures.load.shapes import Day, Ramp, Sawtooth, Spike, Step
from fixtures.scaling import ScalingWatch
from fixtures.steps import Loads, RecoveryWatch
from reports.verdict import Objectives, ScalingObjectives

# Of one processor: ten such instances, the databases and the customers fit into two.
INSTANCE_CPUS = round(0.06 * slowness(), 3)
INSTANCE_MEGABYTES = 192
WORLD = Settings(
    autoscaling="drill", instance_cpus=INSTANCE_CPUS, instance_memory=INSTANCE_MEGABYTES
)
# What ten instances do not carry, two processors cannot serve beside them: here four are all.
FEW_PLACES = replace(WORLD, autoscaling="drill-small")

pytestmark = [
    pytest.mark.dr,
    pytest.mark.scaling,
    pytest.mark.requirement("SCL-1", "SCL-2", "OBJ-4"),
    pytest.mark.settings(WORLD),
]

BASE = 24  # orders a second, which three instances carry with ease
MEASURED = timedelta(seconds=10)  # at the base rate: twice as long as a metric looks back
STEP_SECONDS = 60
GROWN = timedelta(seconds=60)
BACK = timedelta(seconds=90)
WATCH = timedelta(minutes=1)

# What comes gradually is served while the stack grows.
GRADUAL = ScalingObjectives(
    scale_out_seconds=45, errors_while_growing=0.0005, overshoot=2, reversal_seconds=15,
    reaches=5,
)  # fmt: skip
SERVED = Objectives(rto_seconds=1, rpo_seconds=0, scaling=GRADUAL)
# What comes too suddenly for instances to start may be refused until they have, and no longer.
SUDDEN = replace(GRADUAL, errors_while_growing=0.8)
REFUSED_AT_FIRST = Objectives(rto_seconds=30, rpo_seconds=0, scaling=SUDDEN)
# Where the maximum is not enough, some are refused for as long as it lasts: fast, and honestly.
TOO_MANY = Objectives(
    rto_seconds=120, rpo_seconds=0,
    scaling=replace(
        SUDDEN, maximum=4, reaches=4, errors=1, p95_seconds=2, refusal_seconds=1
    ),
)  # fmt: skip


def test_a_step(load: Loads, scaling: ScalingWatch, recovery: RecoveryWatch) -> None:
    """Many more customers come from one moment to the next, and stay."""
    with scaling.watched(), load.orders(attempts_per_second=BASE, beforehand=MEASURED):
        with load.surge(Step(scaling.times(6), STEP_SECONDS)):
            scaling.wait_until_serving(5, at_most=GROWN)
        scaling.wait_until_back(at_most=BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(SERVED)


def test_a_ramp(load: Loads, scaling: ScalingWatch, recovery: RecoveryWatch) -> None:
    """More and more customers come, up to what the last instances are for."""
    with scaling.watched(), load.orders(attempts_per_second=BASE, beforehand=MEASURED):
        with load.surge(Ramp(scaling.times(12), 90, hold_seconds=20, fall_seconds=10)):
            scaling.wait_until_serving(8, at_most=GROWN + timedelta(seconds=90))
        scaling.wait_until_back(at_most=BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(replace(SERVED, scaling=replace(GRADUAL, reaches=8)))


@pytest.mark.requirement("FLT-22")
def test_a_spike(load: Loads, scaling: ScalingWatch, recovery: RecoveryWatch) -> None:
    """Five times as many customers come at once."""
    with scaling.watched(), load.orders(attempts_per_second=BASE, beforehand=MEASURED):
        with load.surge(Spike(5, 45)):
            scaling.wait_until_serving(6, at_most=GROWN)
        scaling.wait_until_back(at_most=BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(REFUSED_AT_FIRST)


def test_a_day(load: Loads, scaling: ScalingWatch, recovery: RecoveryWatch) -> None:
    """A shop's day passes, with its noon and its evening."""
    with scaling.watched(), load.orders(attempts_per_second=BASE, beforehand=MEASURED):
        with load.surge(Day(scaling.times(8), 150)):
            scaling.wait_until_serving(5, at_most=timedelta(seconds=150))
        scaling.wait_until_back(at_most=BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(SERVED)


def test_a_sawtooth(load: Loads, scaling: ScalingWatch, recovery: RecoveryWatch) -> None:
    """Customers come and go in waves that are shorter than the cool-down."""
    with scaling.watched(), load.orders(attempts_per_second=BASE, beforehand=MEASURED):
        with load.surge(Sawtooth(scaling.times(8), teeth=5, tooth_seconds=15)):
            scaling.wait_until_serving(4, at_most=GROWN)
        scaling.wait_until_back(at_most=BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(replace(SERVED, scaling=replace(GRADUAL, reaches=4)))


@pytest.mark.settings(FEW_PLACES)
def test_more_than_the_maximum_carries(
    load: Loads, scaling: ScalingWatch, recovery: RecoveryWatch
) -> None:
    """More and more customers come, until they are more than all instances carry."""
    with scaling.watched(), load.orders(attempts_per_second=BASE, beforehand=MEASURED):
        with load.surge(Ramp(scaling.times(24), 30, hold_seconds=30)):
            scaling.wait_until_serving(4, at_most=GROWN)
        scaling.wait_until_back(at_most=BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(TOO_MANY)
