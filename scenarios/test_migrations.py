"""The databases' schema is changed while customers order, and the change is a bad one.

We believe that a change made with the tool for it harms nobody, or hardly anybody: it refuses
what the running release could not work with and what it cannot get its locks for, and takes
back by itself what turns out to harm customers, within ten seconds. Where somebody goes past
that tool, whoever is on call ends what keeps customers waiting within twenty seconds, goes
back a revision within twenty, and clears up what was left half-way before anybody notices;
no order is lost or wrong in any of it.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.faults import BadMigration
from fixtures.faults.bad_migration import Tool
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-5", "FLT-23", "DEP-4", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(migrations=True)),
]

UNHARMED = Objectives(rto_seconds=1, rpo_seconds=0)
TAKEN_BACK = Objectives(rto_seconds=10, rpo_seconds=0)
BY_PEOPLE = Objectives(rto_seconds=20, rpo_seconds=0)
HOLD = timedelta(seconds=12)  # longer than the tool watches what it changed
NOTICED_WITHIN = timedelta(seconds=10)
WATCH = timedelta(minutes=2)


def test_a_migration_fails_half_way(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A migration by hand leaves a column and an index that is not valid; people clear up."""
    with (
        load.orders(users=20),
        inject(BadMigration("migrator", "channel"), mended_by_people=True),
    ):
        recovery.must_be_noticed("is of no revision that is recorded", within=NOTICED_WITHIN)
        follow("migration-half-way.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(UNHARMED)


def test_a_migration_locks_the_table_of_orders(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A migration by hand waits for a report, and customers wait for it; people end it."""
    with (
        load.orders(users=20),
        inject(BadMigration("migrator", "weight"), mended_by_people=True),
    ):
        follow("migration-locks.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_PEOPLE)


def test_a_migration_is_not_backward_compatible(
    load: Loads, inject: Injector, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A migration by hand breaks the running release; people go back a revision."""
    with (
        load.orders(users=20),
        inject(BadMigration("migrator", "currency"), mended_by_people=True),
    ):
        follow("migration-incompatible.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BY_PEOPLE)


def test_an_incompatible_migration_is_refused(
    load: Loads, inject: Injector, recovery: RecoveryWatch
) -> None:
    """The tool tries what the running release asks, and refuses the migration."""
    bad = BadMigration("migrator", "currency", tool=Tool.MIGRATE)
    with load.orders(users=20), inject(bad, hold=HOLD):
        recovery.wait(at_most=WATCH)
    recovery.must_meet(UNHARMED)


def test_a_migration_that_cannot_have_its_lock_is_refused(
    load: Loads, inject: Injector, recovery: RecoveryWatch
) -> None:
    """The tool gives up, time and again within its limit, before customers notice."""
    bad = BadMigration("migrator", "weight", tool=Tool.MIGRATE)
    with load.orders(users=20), inject(bad, hold=HOLD):
        recovery.wait(at_most=WATCH)
    recovery.must_meet(UNHARMED)


def test_a_migration_that_harms_customers_is_taken_back(
    load: Loads, inject: Injector, recovery: RecoveryWatch
) -> None:
    """No test finds what is wrong with it; the tool sees orders fail and takes it back."""
    bad = BadMigration("migrator", "dearest", tool=Tool.MIGRATE)
    with load.orders(users=20), inject(bad, hold=HOLD):
        recovery.wait(at_most=WATCH)
    recovery.must_meet(TAKEN_BACK)
