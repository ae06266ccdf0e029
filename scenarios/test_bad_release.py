"""A bad release is deployed: it errs, is slow, leaks, cannot start, or corrupts what it writes.

We believe that the deployer takes each of them back by itself before two customers in a hundred
were harmed: a tenth of them meets a release first, on one instance, and is held against those
who do not. What cannot start, or leaks, harms nobody. Where the deployer may not decide by
itself, it says what is amiss and holds the stage, and people go back with one command. What a
release wrote wrongly, people put right by what customers were charged. No order is lost.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.changes import ChangesWatch
from fixtures.faults import BadRelease
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import ChangeObjectives, Objectives

pytestmark = [pytest.mark.dr, pytest.mark.requirement("FLT-5", "DEP-1", "DEP-3", "OBJ-1")]

# An instance that starts takes processors, and a small host has few: some requests may take
# longer than half a second for that alone, so what fails is bounded apart.
WAITS = 0.2
HARMLESS = Objectives(
    rto_seconds=5,
    rpo_seconds=0,
    availability=1.0,
    change=ChangeObjectives(harmed=WAITS, failed=0.0, ends="rolled back", by="itself"),
)
ERRS = Objectives(
    rto_seconds=45,
    rpo_seconds=0,
    availability=0.99,
    change=ChangeObjectives(
        harmed=WAITS,
        failed=0.02,
        ends="rolled back",
        by="itself",
        rollback_seconds=30,
        bites=1,
    ),
)
SLOW = Objectives(
    rto_seconds=5,
    rpo_seconds=0,
    availability=1.0,
    change=ChangeObjectives(
        harmed=WAITS,
        failed=0.0,
        ends="rolled back",
        by="itself",
        rollback_seconds=30,
        bites=2,
    ),
)
# Customers may be shown what the release wrote until people have put it right.
CORRUPTS = Objectives(
    rto_seconds=5,
    rpo_seconds=0,
    wrong_reads=50,
    change=ChangeObjectives(
        harmed=WAITS, failed=0.05, ends="rolled back", by="itself", harmed_after=50
    ),
)
BY_PEOPLE = Objectives(
    rto_seconds=60,
    rpo_seconds=0,
    availability=0.98,
    change=ChangeObjectives(
        harmed=WAITS,
        failed=0.02,
        ends="rolled back",
        by="people",
        rollback_seconds=60,
        bites=1,
    ),
)
BEFOREHAND = timedelta(seconds=3)  # a baseline to hold the release against
ROLLED_BACK = timedelta(seconds=90)
WATCH = timedelta(minutes=1)


@pytest.mark.settings(Settings(release="errs"))
def test_a_release_errs(
    load: Loads, inject: Injector, changes: ChangesWatch, recovery: RecoveryWatch
) -> None:
    """A release fails one request in twenty, and is rolled back by itself."""
    with (
        changes.watched(),
        load.orders(beforehand=BEFOREHAND),
        inject(BadRelease("errs"), mended_by_people=True),  # or rather by the deployer
    ):
        changes.wait_until("rolled back", at_most=ROLLED_BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(ERRS)


@pytest.mark.settings(Settings(release="slow"))
def test_a_release_is_slow(
    load: Loads, inject: Injector, changes: ChangesWatch, recovery: RecoveryWatch
) -> None:
    """A release lets one customer in four wait, and is rolled back by itself."""
    with (
        changes.watched(),
        load.orders(beforehand=BEFOREHAND),
        inject(BadRelease("slow"), mended_by_people=True),
    ):
        changes.wait_until("rolled back", at_most=ROLLED_BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(SLOW)


@pytest.mark.settings(Settings(release="leaks"))
def test_a_release_leaks(
    load: Loads, inject: Injector, changes: ChangesWatch, recovery: RecoveryWatch
) -> None:
    """A release leaks memory, and is rolled back by itself before it is killed for that."""
    with (
        changes.watched(),
        load.orders(beforehand=BEFOREHAND),
        inject(BadRelease("leaks"), mended_by_people=True),
    ):
        changes.wait_until("rolled back", at_most=ROLLED_BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(HARMLESS)


@pytest.mark.settings(Settings(release="dead"))
def test_a_release_cannot_start(
    load: Loads, inject: Injector, changes: ChangesWatch, recovery: RecoveryWatch
) -> None:
    """A release cannot start, and is rolled back before anybody meets it."""
    with (
        changes.watched(),
        load.orders(beforehand=BEFOREHAND),
        inject(BadRelease("dead"), mended_by_people=True),
    ):
        changes.wait_until("rolled back", at_most=ROLLED_BACK)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(HARMLESS)


@pytest.mark.requirement("OBJ-2")
@pytest.mark.settings(Settings(release="corrupts"))
def test_a_release_corrupts(
    load: Loads,
    inject: Injector,
    changes: ChangesWatch,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """A release corrupts what it writes; the deployer goes back, and people repair that."""
    with (
        changes.watched(),
        load.orders(beforehand=BEFOREHAND),
        inject(BadRelease("corrupts"), mended_by_people=True),
    ):
        changes.wait_until("rolled back", at_most=ROLLED_BACK)
        follow("orders-corrupted-by-a-release.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(CORRUPTS)


@pytest.mark.settings(Settings(release="errs", release_policy="drill-by-hand"))
def test_people_roll_a_release_back(
    load: Loads,
    inject: Injector,
    changes: ChangesWatch,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """A release errs where the deployer may not decide, and people roll it back."""
    with (
        changes.watched(),
        load.orders(beforehand=BEFOREHAND),
        inject(BadRelease("errs"), mended_by_people=True),
    ):
        follow("roll-a-release-back.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_PEOPLE)
