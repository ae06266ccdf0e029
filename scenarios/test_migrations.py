"""The databases' schema is changed while customers order, and the change is a bad one.

We believe that a good change harms nobody, there and back. A bad one that is made with the tool
for it harms hardly anybody: it refuses what the running release could not work with and what it
cannot get its locks for, and takes back by itself what turns out to harm customers, within ten
seconds. Where somebody goes past that tool, whoever is on call ends what keeps people waiting
within twenty seconds, goes back a revision within twenty, and clears up what was left half-way
before anybody notices. No order is lost or wrong in any of it.
"""

from datetime import timedelta

import pytest

from environments.catalog import Settings
from fixtures.changes import ChangesWatch
from fixtures.faults import BadMigration
from fixtures.faults.bad_migration import Tool
from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
from reports.verdict import ChangeObjectives, Objectives

pytestmark = [
    pytest.mark.dr,
    pytest.mark.requirement("FLT-5", "FLT-23", "DEP-3", "DEP-4", "OBJ-1", "OBJ-2"),
    pytest.mark.settings(Settings(migrations=True)),
]

# Some requests take longer than half a second on a host that is busy with all of this.
CHANCE = 0.05
SLOW_BY_CHANCE = 20
THERE_AND_BACK = Objectives(
    rto_seconds=1,
    rpo_seconds=0,
    change=ChangeObjectives(
        harmed=CHANCE, ends="rolled back", by="people", harmed_after=SLOW_BY_CHANCE
    ),
)
LEFT_HALF_WAY = THERE_AND_BACK
REFUSED = Objectives(
    rto_seconds=1,
    rpo_seconds=0,
    change=ChangeObjectives(harmed=CHANCE, ends="refused", by="itself"),
)
TAKEN_BACK = Objectives(
    rto_seconds=10,
    rpo_seconds=0,
    change=ChangeObjectives(
        harmed=0.5,
        ends="rolled back",
        by="itself",
        harm_seconds=10,
        rollback_seconds=10,
        harmed_after=SLOW_BY_CHANCE,
        bites=1,
    ),
)
BACK_BY_PEOPLE = Objectives(
    rto_seconds=20,
    rpo_seconds=0,
    change=ChangeObjectives(
        harmed=1.0,
        ends="rolled back",
        by="people",
        harm_seconds=20,
        rollback_seconds=20,
        harmed_after=SLOW_BY_CHANCE,
        bites=1,
    ),
)
# Who ends a change that waits lets it fail: nothing of it was ever there.
ENDED_BY_PEOPLE = Objectives(
    rto_seconds=20,
    rpo_seconds=0,
    change=ChangeObjectives(harmed=1.0, ends="failed", by="people", harm_seconds=20, bites=1),
)
NOTICED_WITHIN = timedelta(seconds=10)
DECIDED_WITHIN = timedelta(seconds=30)
WATCH = timedelta(minutes=2)


def test_a_good_migration_is_made_and_taken_back(
    load: Loads, changes: ChangesWatch, follow: Follower, recovery: RecoveryWatch
) -> None:
    """A column and an index come under load, and go again; nobody is harmed."""
    with changes.watched(), load.orders(users=20):
        follow("change-the-schema.md")
        follow("schema-back.md")
    recovery.must_meet(THERE_AND_BACK)


def test_a_migration_fails_half_way(
    load: Loads,
    changes: ChangesWatch,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """A migration by hand leaves a column and an index that is not valid; people clear up."""
    with (
        changes.watched(),
        load.orders(users=20),
        inject(BadMigration("migrator", "channel"), mended_by_people=True),
    ):
        recovery.must_be_noticed("is of no revision that is recorded", within=NOTICED_WITHIN)
        follow("migration-half-way.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(LEFT_HALF_WAY)


def test_a_migration_locks_the_table_of_orders(
    load: Loads,
    changes: ChangesWatch,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """A migration by hand waits for a report, and customers wait for it; people end it."""
    with (
        changes.watched(),
        load.orders(users=20),
        inject(BadMigration("migrator", "weight"), mended_by_people=True),
    ):
        recovery.must_be_noticed("sessions of the service wait", within=NOTICED_WITHIN)
        follow("migration-locks.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(ENDED_BY_PEOPLE)


def test_a_migration_is_not_backward_compatible(
    load: Loads,
    changes: ChangesWatch,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
) -> None:
    """A migration by hand breaks the running release; people go back a revision."""
    with (
        changes.watched(),
        load.orders(users=20),
        inject(BadMigration("migrator", "currency"), mended_by_people=True),
    ):
        follow("migration-incompatible.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(BACK_BY_PEOPLE)


def test_an_incompatible_migration_is_refused(
    load: Loads, changes: ChangesWatch, inject: Injector, recovery: RecoveryWatch
) -> None:
    """The tool tries what the running release asks, and refuses the migration."""
    bad = BadMigration("migrator", "currency", tool=Tool.MIGRATE)
    with changes.watched(), load.orders(users=20), inject(bad):
        changes.wait_until("refused", "rolled back", "failed", "stable", at_most=DECIDED_WITHIN)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(REFUSED)


def test_a_migration_that_cannot_have_its_lock_is_refused(
    load: Loads, changes: ChangesWatch, inject: Injector, recovery: RecoveryWatch
) -> None:
    """The tool gives up, time and again within its limit, before customers notice."""
    bad = BadMigration("migrator", "weight", tool=Tool.MIGRATE)
    with changes.watched(), load.orders(users=20), inject(bad):
        changes.wait_until("refused", "rolled back", "failed", "stable", at_most=DECIDED_WITHIN)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(REFUSED)


def test_a_migration_that_harms_customers_is_taken_back(
    load: Loads, changes: ChangesWatch, inject: Injector, recovery: RecoveryWatch
) -> None:
    """No test finds what is wrong with it; the tool sees orders fail and takes it back."""
    bad = BadMigration("migrator", "dearest", tool=Tool.MIGRATE)
    with changes.watched(), load.orders(users=20), inject(bad, mended_by_people=True):
        changes.wait_until("refused", "rolled back", "failed", "stable", at_most=DECIDED_WITHIN)
        recovery.wait(at_most=WATCH)
    recovery.must_meet(TAKEN_BACK)
