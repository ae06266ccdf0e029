"""We believe that every environment keeps what its capabilities promise.

One suite for all of them: what holds of the fake holds of the replica, so that a test on
the fake says something about the world.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from environments.model import (
    Bandwidth,
    CommandTimedOutError,
    ConnectionReset,
    Crowded,
    Cut,
    Cuttable,
    Direction,
    Down,
    Environment,
    Impairment,
    Killable,
    Latency,
    Link,
    Pausable,
    WorldError,
)
from environments.selectors import find_link, find_node
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = timedelta(seconds=1)
SOON = timedelta(seconds=30)
IMPAIRMENTS: list[Impairment] = [
    Latency(300),
    Latency(300, 100),
    Bandwidth(10),
    ConnectionReset(),
    Down(),
]


@pytest.fixture(params=["payments", "east-app-1"])
def killable(world: Environment, request: pytest.FixtureRequest) -> Iterator[Killable]:
    """One whose service is all there is of it, and one that stands on a host."""
    node = find_node(world, request.param)
    assert isinstance(node, Killable)
    yield node
    node.start()


@pytest.fixture
def pausable(world: Environment) -> Iterator[Pausable]:
    node = find_node(world, "payments")
    assert isinstance(node, Pausable)
    yield node
    node.resume()


@pytest.fixture
def cuttable(world: Environment) -> Iterator[Cuttable]:
    """Lend the cache: the world does not miss its talks with payments or the bastion."""
    node = find_node(world, "east-cache-1")
    assert isinstance(node, Cuttable)
    yield node
    for cut in CUTS:
        node.uncut(cut)


FIRST = Cut(frozenset({"payments", "bastion"}))
FROM_BASTION = Cut(frozenset({"bastion"}))
SECOND_CUT = Cut(frozenset({"bastion", "east-edge"}))
CUTS = [FIRST, SECOND_CUT, *(Cut(FIRST.peers, direction) for direction in Direction)]


@pytest.fixture
def link(world: Environment) -> Iterator[Link]:
    link = find_link(world, "app-to-payments")
    yield link
    for impairment in link.impairments():
        link.mend(impairment)


# The world as a whole


def test_names_are_unique_and_every_part_says_where_it_belongs(world: Environment) -> None:
    names = [node.name for node in world.nodes] + [link.name for link in world.links]
    assert len(set(names)) == len(names)
    assert all(node.role and node.region for node in world.nodes)
    assert all(node.zone.startswith(node.region) for node in world.nodes if node.zone)
    assert {node.zone for node in world.nodes if node.role == "db"} == {
        "east-a", "east-b", "east-c",
    }  # fmt: skip


def test_the_entrance_is_a_base_url(world: Environment) -> None:
    assert world.entrance.startswith("http://")
    assert not world.entrance.endswith("/")


def test_the_longest_lease_is_a_while(world: Environment) -> None:
    assert world.longest_lease > timedelta(0)


def test_there_is_one_primary_and_others_stand_by(world: Environment) -> None:
    states = world.states("db")
    assert states.keys() == {node.name for node in world.nodes if node.role == "db"}
    assert list(states.values()).count("primary") == 1


def test_a_role_without_states_has_none(world: Environment) -> None:
    assert world.states("app") == {}


def test_facts_are_words(world: Environment) -> None:
    assert world.facts()
    assert all(isinstance(fact, str) and fact for fact in world.facts().values())


def test_a_steady_world_deviates_in_nothing_and_a_broken_one_does(
    world: Environment, killable: Killable
) -> None:
    assert list(world.deviations()) == []
    killable.kill()
    wait_until("a deviation to be seen", world.deviations, at_most=SOON)


# What any node can do


def test_a_command_gives_its_exit_code_and_what_it_wrote(world: Environment) -> None:
    done = find_node(world, "bastion").run(
        ["sh", "-c", 'echo "out $WORD"; echo err >&2; exit 3'],
        within=10 * SECOND,
        variables={"WORD": "and * about"},
    )
    assert (done.exit_code, done.stdout, done.stderr) == (3, "out and * about\n", "err\n")
    assert 0 <= done.seconds < 10


def test_a_command_is_ended_when_its_time_is_up(world: Environment) -> None:
    began = time.monotonic()
    with pytest.raises(CommandTimedOutError):
        find_node(world, "bastion").run(["sleep", "60"], within=SECOND)
    assert time.monotonic() - began < 15


def test_a_dead_node_runs_nothing(world: Environment) -> None:
    payments = find_node(world, "payments")
    assert isinstance(payments, Killable)
    payments.kill()
    try:
        with pytest.raises(WorldError, match="payments"):
            payments.run(["true"], within=5 * SECOND)
    finally:
        payments.start()


def test_a_log_begins_at_the_moment_asked_for(world: Environment) -> None:
    payments = find_node(world, "payments")
    assert payments.log(since=datetime.now(UTC) - timedelta(days=1)).strip()
    assert payments.log(since=datetime.now(UTC) + timedelta(days=1)).strip() == ""


# Killable


def test_killing_and_starting_do_so_and_twice_is_once(killable: Killable) -> None:
    assert killable.is_running()
    killable.start()
    assert killable.is_running()
    killable.kill()
    wait_until("the service to be dead", lambda: not killable.is_running(), at_most=SOON)
    killable.kill()
    assert not killable.is_running()
    killable.start()
    wait_until("the service to run again", killable.is_running, at_most=SOON)
    killable.start()
    assert killable.is_running()


# Pausable


def test_pausing_and_resuming_do_so_and_twice_is_once(pausable: Pausable) -> None:
    assert not pausable.is_paused()
    pausable.resume()
    pausable.pause()
    assert pausable.is_paused()
    pausable.pause()
    assert pausable.is_paused()
    pausable.resume()
    assert not pausable.is_paused()


def test_what_is_paused_is_silent_and_not_dead(pausable: Pausable, link: Link) -> None:
    pausable.pause()
    assert isinstance(pausable, Killable)
    assert pausable.is_running()
    assert link.round_trip(within=SECOND).failure == "timeout"
    pausable.resume()
    assert link.round_trip(within=5 * SECOND).failure is None


# Cuttable


@pytest.mark.parametrize("direction", list(Direction))
def test_a_cut_drops_and_is_read_back_until_it_is_undone(
    cuttable: Cuttable, direction: Direction
) -> None:
    cut = Cut(FIRST.peers, direction)
    assert not cuttable.is_cut(cut)
    assert not cuttable.drops(cut)
    cuttable.cut(cut)
    assert cuttable.is_cut(cut)
    assert cuttable.drops(cut)
    assert cuttable.reaches({"payments", "east-edge"}) == {"east-edge"}
    cuttable.uncut(cut)
    assert not cuttable.is_cut(cut)
    assert not cuttable.drops(cut)
    assert cuttable.reaches({"payments", "east-edge"}) == {"payments", "east-edge"}


def test_a_cut_in_one_direction_is_not_one_in_another(cuttable: Cuttable) -> None:
    cuttable.cut(Cut(FIRST.peers, Direction.INBOUND))
    assert not cuttable.is_cut(Cut(FIRST.peers, Direction.OUTBOUND))
    assert not cuttable.is_cut(FIRST)


def test_the_same_cut_twice_is_one_and_undone_once(cuttable: Cuttable) -> None:
    cuttable.cut(FIRST)
    cuttable.cut(FIRST)
    cuttable.uncut(FIRST)
    assert not cuttable.is_cut(FIRST)
    assert cuttable.reaches(FIRST.peers) == FIRST.peers
    cuttable.uncut(FIRST)


def test_of_two_cuts_that_overlap_only_the_one_is_undone(cuttable: Cuttable) -> None:
    cuttable.cut(FIRST)
    cuttable.cut(SECOND_CUT)
    cuttable.uncut(FIRST)
    assert not cuttable.is_cut(FIRST)
    assert cuttable.is_cut(SECOND_CUT)
    assert cuttable.drops(SECOND_CUT)
    assert cuttable.reaches({"payments", "bastion", "east-edge"}) == {"payments"}


def test_the_dead_do_not_answer_and_are_not_cut(world: Environment, cuttable: Cuttable) -> None:
    payments = find_node(world, "payments")
    assert isinstance(payments, Killable)
    assert isinstance(payments, Cuttable)
    payments.kill()
    try:
        assert cuttable.reaches({"payments", "bastion"}) == {"bastion"}
        assert not payments.is_cut(FROM_BASTION)
        payments.uncut(FROM_BASTION)
    finally:
        payments.start()


def test_a_peer_that_is_not_there_cannot_be_cut_off(cuttable: Cuttable) -> None:
    with pytest.raises(WorldError, match="nobody"):
        cuttable.cut(Cut(frozenset({"nobody"})))


# Links


def test_every_link_answers_in_a_steady_world(world: Environment) -> None:
    trips = {link.name: link.round_trip(within=5 * SECOND).failure for link in world.links}
    assert trips == dict.fromkeys(trips)
    assert len(trips) >= 3


@pytest.mark.parametrize("impairment", IMPAIRMENTS, ids=str)
def test_an_impairment_is_read_back_and_twice_is_once(
    link: Link, impairment: Impairment
) -> None:
    assert link.impairments() == frozenset()
    link.mend(impairment)
    link.impair(impairment)
    link.impair(impairment)
    assert link.impairments() == {impairment}
    link.mend(impairment)
    assert link.impairments() == frozenset()
    link.mend(impairment)
    assert link.round_trip(within=5 * SECOND).failure is None


def test_mending_takes_that_one_off_and_nothing_else(link: Link) -> None:
    for impairment in IMPAIRMENTS:
        link.impair(impairment)
    link.mend(Latency(300))
    assert link.impairments() == set(IMPAIRMENTS) - {Latency(300)}


def test_one_link_is_not_another(world: Environment, link: Link) -> None:
    link.impair(Down())
    other = find_link(world, "app-to-cache")
    assert other.impairments() == frozenset()
    assert other.round_trip(within=5 * SECOND).failure is None


def test_latency_makes_the_answer_late(link: Link) -> None:
    assert link.round_trip(within=5 * SECOND).seconds < 0.25
    link.impair(Latency(300))
    trip = link.round_trip(within=5 * SECOND)
    assert trip.failure is None
    assert 0.28 <= trip.seconds < 2


def test_bandwidth_makes_a_large_request_slow_and_a_small_one_not(link: Link) -> None:
    link.impair(Bandwidth(10))
    large = link.round_trip(payload_bytes=5000, within=5 * SECOND)
    small = link.round_trip(within=5 * SECOND)
    assert large.failure is None
    assert large.seconds >= 0.4
    assert small.failure is None
    assert small.seconds < 0.25


@pytest.mark.parametrize(
    ("impairment", "failures"),
    [(Down(), {"refused"}), (ConnectionReset(), {"reset", "closed"})],
)
def test_a_link_that_fails_says_how(
    link: Link, impairment: Impairment, failures: set[str]
) -> None:
    link.impair(impairment)
    assert link.round_trip(within=5 * SECOND).failure in failures


def test_a_round_trip_is_bounded(link: Link) -> None:
    link.impair(Latency(20_000))
    began = time.monotonic()
    trip = link.round_trip(within=SECOND / 2)
    assert trip.failure == "timeout"
    assert trip.seconds >= 0.45
    assert time.monotonic() - began < 5


def test_a_dead_upstream_is_told_from_a_link_that_is_down(
    world: Environment, link: Link
) -> None:
    payments = find_node(world, "payments")
    assert isinstance(payments, Killable)
    payments.kill()
    try:
        failure = link.round_trip(within=3 * SECOND).failure
    finally:
        payments.start()
    assert failure in {"reset", "closed", "timeout"}


# Crowded


def test_a_node_is_counted_and_reached_from_outside(world: Environment) -> None:
    payments = find_node(world, "payments")
    assert isinstance(payments, Crowded)
    places = payments.places()
    assert places.taken >= 1
    assert places.at_most is None
    assert payments.run_among("echo among them") == "among them\n"
    with pytest.raises(WorldError, match="exit code 3"):
        payments.run_among("exit 3")
