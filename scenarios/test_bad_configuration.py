"""A configuration is good, malformed, wrong, or was tampered with; a feature fails.

We believe that what is good reaches every instance, and goes back from there, and no customer
notices. Nobody meets what is malformed or was tampered with: it is refused, by the configurator
and by every instance, and said. What is valid and wrong is met by the customers of one instance
alone, and comes back by itself within ten seconds; where the configurator may not decide,
people go back with one command. A feature that takes orders with it is switched off everywhere
with one command. Without a configurator instances go on with what they have. None of this loses
an order.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.changes import ChangesWatch
from fixtures.faults import BadConfiguration, BrokenFeature, Kill, TamperedConfiguration
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import ChangeObjectives, Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-5", "CFG-1", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(configured=True)),
]

CHANGED = Objectives(
    rto_seconds=5,
    rpo_seconds=0,
    availability=1.0,
    read_availability=1.0,
    change=ChangeObjectives(
        harmed=0.2,  # by waiting alone: the host is busy
        failed=0.0,
        ends="rolled back",
        by="people",
    ),
)
REFUSED = Objectives(
    rto_seconds=5,
    rpo_seconds=0,
    availability=1.0,
    change=ChangeObjectives(harmed=0.0, ends="refused", by="itself"),
)
BY_ITSELF = Objectives(
    rto_seconds=10,
    rpo_seconds=0,
    availability=0.95,
    change=ChangeObjectives(
        harmed=0.3,  # while it is there, a third meets the one instance that has it
        ends="rolled back",
        by="itself",
        rollback_seconds=10,
        failed=0.25,
        bites=1,
    ),
)
BY_PEOPLE = Objectives(
    rto_seconds=45,
    rpo_seconds=0,
    availability=0.9,
    change=ChangeObjectives(
        harmed=0.3,  # while it is there, a third meets the one instance that has it
        ends="rolled back",
        by="people",
        rollback_seconds=45,
        failed=0.25,
        bites=1,
    ),
)
UNHARMED = Objectives(rto_seconds=5, rpo_seconds=0, availability=1.0, read_availability=1.0)
SWITCHED_OFF = Objectives(
    rto_seconds=30,
    rpo_seconds=0,
    change=ChangeObjectives(harmed=1.0, ends="promoted", by="people", kind="flag"),
)
BEFOREHAND = timedelta(seconds=3)  # a baseline to hold the change against
HOLD = timedelta(seconds=5)  # instances ask twice a second
NOTICED = timedelta(seconds=5)
TAKEN_BACK = timedelta(seconds=30)
WATCH = timedelta(minutes=1)


def test_a_good_configuration_reaches_all_and_goes_back(
    load: Loads, changes: ChangesWatch, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A good configuration is tried on one instance, then on all; then people go back."""
    with changes.watched(), load.orders(users=20, beforehand=BEFOREHAND):
        follow("configuration-change.md")
        follow("configuration-change-back.md")
    recovery.must_meet(CHANGED)


def test_a_malformed_configuration_is_refused(
    load: Loads, inject: Injector, changes: ChangesWatch, recovery: RecoveryWatch
) -> None:
    """A malformed configuration is proposed, and refused before anybody meets it."""
    malformed = BadConfiguration("configurator", "most_in_work", '"thirty-two"')
    with (
        changes.watched(),
        load.orders(users=20, beforehand=BEFOREHAND),
        inject(malformed, hold=HOLD),
    ):
        recovery.wait(at_most=WATCH)
    recovery.must_meet(REFUSED)


def test_a_wrong_configuration_comes_back_by_itself(
    load: Loads, inject: Injector, changes: ChangesWatch, recovery: RecoveryWatch
) -> None:
    """A configuration lets no order in, and is taken back from its one instance."""
    wrong = BadConfiguration("configurator", "most_in_work", "0")
    with (
        changes.watched(),
        load.orders(users=20, beforehand=BEFOREHAND),
        inject(wrong, mended_by_people=True),  # or rather by the configurator
    ):
        changes.wait_until("rolled back", at_most=TAKEN_BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_ITSELF)


@pytest.mark.settings(Settings(configured=True, configuration_policy="drill-by-hand"))
def test_people_take_a_wrong_configuration_back(
    load: Loads,
    inject: Injector,
    changes: ChangesWatch,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """A configuration harms where the configurator may not decide, and people take it back."""
    wrong = BadConfiguration("configurator", "most_in_work", "0")
    with (
        changes.watched(),
        load.orders(users=20, beforehand=BEFOREHAND),
        inject(wrong, mended_by_people=True),
    ):
        follow("configuration-rollback.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_PEOPLE)


def test_the_configurator_is_lost(
    load: Loads, inject: Injector, recovery: RecoveryWatch
) -> None:
    """The configurator dies, and instances go on with what they have."""
    with load.orders(users=20), inject(Kill("configurator"), hold=timedelta(seconds=20)):
        recovery.wait(at_most=WATCH)
    recovery.must_meet(UNHARMED)


@pytest.mark.requirement("SEC-4")
def test_the_store_of_configurations_is_tampered_with(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """Somebody changes the configuration in the store, and no instance uses that."""
    tampered = TamperedConfiguration("configurator", "most_in_work", "0")
    with (
        load.orders(users=20, beforehand=BEFOREHAND),
        inject(tampered, hold=HOLD, mended_by_people=True),
    ):
        recovery.must_be_noticed("in the store is not what was signed", within=NOTICED)
        follow("configuration-store-tampered.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(UNHARMED)


@pytest.mark.requirement("SEC-4")
def test_a_configuration_is_tampered_with_on_an_instance(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """Somebody changes the copy that an instance has, and it does not use that."""
    tampered = TamperedConfiguration("east-app-2", "most_in_work", "0")
    with (
        load.orders(users=20, beforehand=BEFOREHAND),
        inject(tampered, hold=HOLD, mended_by_people=True),
    ):
        recovery.must_be_noticed("east-app-2: refused what the disk has", within=NOTICED)
        follow("configuration-copy-tampered.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(UNHARMED)


@pytest.mark.requirement("CFG-3")
def test_a_feature_that_fails_is_switched_off(
    load: Loads,
    inject: Injector,
    changes: ChangesWatch,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """A feature fails half of all orders, and people switch it off; it comes back mended."""
    with changes.watched(), load.orders(users=20, beforehand=BEFOREHAND):
        with inject(BrokenFeature("app@east", 50)):
            follow("kill-switch.md")
            recovery.wait(at_most=WATCH)
        follow("feature-comes-back.md")
    recovery.must_meet(SWITCHED_OFF)
