"""We believe that caches fail over by themselves, and that whoever mends finds them all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.model import Killable
from environments.replica.containers import connect
from environments.replica.opening import attached
from environments.selectors import find_node, select
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from environments.model import Environment, Node

# a world of its own: half a minute
pytestmark = [
    pytest.mark.contract,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(cache_failover=True)),
]

SOON = timedelta(seconds=20)
WHOLE_WITHIN = timedelta(seconds=60)
TWO = "both act as the primary"


@pytest.fixture
def caches(replica: Environment) -> Iterator[Environment]:
    """Lend the replica; a test leaves its caches as whole as it found them."""
    yield replica
    whole(replica)


def whole(replica: Environment) -> None:
    wait_until(
        "the replica to be whole",
        lambda: not replica.deviations(),
        at_most=WHOLE_WITHIN,
        why_not=lambda _: "; ".join(replica.deviations()),
    )


def primary_of(replica: Environment) -> Node:
    (primary,) = select(replica, "cache:primary")
    return primary


def told(replica: Environment, *words: str, host: str = "east-cache-router") -> str:
    bastion = find_node(replica, "bastion")
    within = timedelta(seconds=10)
    return bastion.run(["timeout", "2", "redis-cli", "-h", host, *words], within=within).stdout


def amiss(replica: Environment, *parts: str) -> list[str]:
    return [said for said in replica.deviations() if any(part in said for part in parts)]


def fail_over(replica: Environment) -> None:
    wait_until(
        "another cache to be the primary, and the router to lead there",
        lambda: not amiss(replica, "no cache is the primary", "router leads", TWO),
        at_most=SOON,
        why_not=lambda _: "; ".join(replica.deviations()),
    )


def test_a_replica_of_the_lost_primary_takes_over_with_what_it_has(caches: Environment) -> None:
    lost = primary_of(caches)
    assert isinstance(lost, Killable)
    assert told(caches, "SET", "muster", "oar") == "OK\n"
    assert told(caches, "WAIT", "2", "1000") == "2\n"
    lost.kill()
    try:
        assert amiss(caches, "no cache is the primary")
        fail_over(caches)
        assert primary_of(caches) != lost
        assert told(caches, "GET", "muster") == "oar\n"
        assert amiss(caches, f"{lost.name} is exited")
    finally:
        lost.start()
    wait_until(
        "the lost cache to be back, never as a second primary",
        lambda: not pytest.fail(TWO) if amiss(caches, TWO) else not caches.deviations(),
        at_most=WHOLE_WITHIN,
    )
    assert caches.states("cache")[lost.name] == "replica"


def test_whoever_mends_a_dead_run_finds_every_cache(caches: Environment) -> None:
    engine = connect()
    try:
        with attached(engine, caches.id) as found:
            assert [node.name for node in found.nodes] == [node.name for node in caches.nodes]
            assert found.states("cache") == caches.states("cache")
    finally:
        engine.close()
