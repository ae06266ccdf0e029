"""Drills in the middle of which the engine fails, or somebody takes a node away."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.replica import removing
from fixtures.faults import Kill, Partition
from reports.verdict import Objectives

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures.steps import Follower, Injector, Loads, RecoveryWatch
    from tests.contract.failing_engine.surroundings import Somebody

pytestmark = pytest.mark.dr
OBJECTIVES = Objectives(rto_seconds=10, rpo_seconds=0)
WATCH = timedelta(seconds=3)
KILL = Kill("east-app-2")
CUT = Partition("east-app-2", from_="east-cache-1")


@pytest.fixture
def the_engine_goes_at_the_end(engine_is: Callable[[str], None]) -> Iterator[None]:
    yield
    removing.REMOVED_WITHIN_SECONDS = 3.0
    engine_is("away 12")


def test_a_command_hangs(
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    engine_is: Callable[[str], None],
) -> None:
    """The engine does not tell of a command's end."""
    with load.orders(users=5, attempts_per_second=50), inject(KILL):
        engine_is("exec-stuck")
        try:
            follow("page.md")
        finally:
            engine_is("well")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


def test_the_engine_is_restarted(
    load: Loads,
    inject: Injector,
    recovery: RecoveryWatch,
    engine_is: Callable[[str], None],
    somebody: Somebody,
) -> None:
    """The engine is restarted, and takes all containers with it."""
    with load.orders(users=5, attempts_per_second=50), inject(KILL):
        engine_is("away 5")
        somebody.kills_all()
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.usefixtures("the_engine_goes_at_the_end")
def test_a_bystander_is_removed(
    load: Loads, inject: Injector, recovery: RecoveryWatch, somebody: Somebody
) -> None:
    """Somebody removes a node that no fault touches."""
    with load.orders(users=5, attempts_per_second=50), inject(KILL):
        somebody.removes("east-app-1")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.nightly
def test_a_command_is_never_answered(
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    engine_is: Callable[[str], None],
) -> None:
    """The engine does not answer that a command was started."""
    with load.orders(users=5, attempts_per_second=50), inject(KILL):
        engine_is("exec-unanswered")
        try:
            follow("page.md")
        finally:
            engine_is("well")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.nightly
@pytest.mark.parametrize("how", ["away 4", "silent 8"], ids=["away", "silent"])
def test_the_engine_fails_for_a_while(
    load: Loads,
    inject: Injector,
    follow: Follower,
    recovery: RecoveryWatch,
    engine_is: Callable[[str], None],
    how: str,
) -> None:
    """The engine is not there, or does not answer, while a runbook is followed."""
    with load.orders(users=5, attempts_per_second=50), inject(CUT):
        engine_is(how)
        follow("page.md")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)


@pytest.mark.nightly
def test_the_target_is_removed(
    load: Loads, inject: Injector, recovery: RecoveryWatch, somebody: Somebody
) -> None:
    """Somebody removes the very node that is broken."""
    with load.orders(users=5, attempts_per_second=50), inject(KILL):
        somebody.removes("east-app-2")
        recovery.wait(at_most=WATCH)
    recovery.must_meet(OBJECTIVES)
