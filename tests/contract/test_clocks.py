"""We believe that a clock is wrong where we steer it, and nothing else about the node is."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import select
from fixtures.faults import CrashLoop, WrongClock, describe, rebuild
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from environments.model import Environment, Node
    from fixtures.faults import Fault

pytestmark = [
    pytest.mark.contract,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(steered_clocks=True, restarts=True)),
]

EFFECT_WITHIN = timedelta(seconds=15)
GONE_WITHIN = timedelta(seconds=60)
WITHIN = timedelta(seconds=20)
A_YEAR = timedelta(days=365)
FAULTS: list[Fault] = [
    WrongClock("east-app-1", timedelta(minutes=10)),
    WrongClock("app@east", -A_YEAR),
    WrongClock("db:replica", A_YEAR),
    CrashLoop("east-app-1,east-app-3"),
]
WAIT_IN_POSTGRESQL = "SET statement_timeout = '1500ms'; SELECT pg_sleep(20)"
SINCE_ITS_START = "SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())"


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_comes_is_seen_and_is_undone_by_anybody(
    replica: Environment, fault: Fault
) -> None:
    planned = fault.plan(replica)
    assert planned.unavailable(replica) is None
    anybody = rebuild(json.loads(json.dumps(describe(planned))))
    anybody.revert(replica)  # before there is anything to undo
    assert planned.has_gone(replica)
    assert not planned.has_taken_effect(replica)
    assert replica.traces(among=planned.nodes()) == frozenset()
    try:
        planned.inject(replica)
        wait_until(
            f"{planned} to take effect",
            lambda: planned.has_taken_effect(replica),
            at_most=EFFECT_WITHIN,
        )
        assert not planned.has_gone(replica)
        assert planned.unavailable(replica)
        assert replica.traces(among=planned.nodes()) >= planned.traces(replica)
    finally:
        anybody.revert(replica)
        anybody.revert(replica)
    wait_until(f"{planned} to be gone", lambda: planned.has_gone(replica), at_most=GONE_WITHIN)
    wait_until(
        "the world to be whole again",
        lambda: not replica.deviations(),
        at_most=GONE_WITHIN,
        why_not=lambda _: "; ".join(replica.deviations()),
    )
    assert replica.traces(among=planned.nodes()) == frozenset()


def test_timers_of_a_database_go_on_whatever_its_clock_says(replica: Environment) -> None:
    (standby, *_) = select(replica, "db:replica")
    wrong = WrongClock(standby.name, -A_YEAR).plan(replica)
    assert 1.0 < _seconds_until_refused(standby) < 5.0
    try:
        wrong.inject(replica)
        wait_until("the clock", lambda: wrong.has_taken_effect(replica), at_most=EFFECT_WITHIN)
        assert _psql(standby, SINCE_ITS_START).startswith("-31")
        assert 1.0 < _seconds_until_refused(standby) < 5.0
    finally:
        wrong.revert(replica)


# Threads that hand each other their turn wait with time limits, where a library that stands in
# between can make them wait for long.
HAND_OVERS = """
import queue, threading, time
asked, answered = queue.Queue(), queue.Queue()
def answer():
    while asked.get():
        answered.put(sum(range(2000)))
for _ in range(4):
    threading.Thread(target=answer, daemon=True).start()
began = time.monotonic()
for _ in range(500):
    asked.put(1)
    sum(range(3000))
    answered.get()
print(time.monotonic() - began)
"""


def test_threads_under_a_steered_clock_are_about_as_fast(replica: Environment) -> None:
    (instance,) = select(replica, "east-app-3")
    (database, *_) = select(replica, "db:replica")
    for node in (instance, database):
        steered = _seconds_of_hand_overs(node, 'LD_PRELOAD="$CLOCK_LIBRARY"')
        plain = _seconds_of_hand_overs(node, "LD_PRELOAD=")
        assert steered < 5 * plain + 0.5  # a library that is in the way takes a hundred times


def test_an_instance_whose_clock_is_wrong_says_so_and_one_of_many_leaves(
    replica: Environment,
) -> None:
    (instance,) = select(replica, "east-app-2")
    wrong = WrongClock("east-app-2", -A_YEAR).plan(replica)
    try:
        wrong.inject(replica)
        wait_until(
            "the instance to leave rotation",
            lambda: "2 of 3 instances are in rotation" in "".join(replica.deviations()),
            at_most=EFFECT_WITHIN,
        )
        assert re.search(r"clock is 3153\d{4} s behind the database's", _readiness(instance))
    finally:
        wrong.revert(replica)
    wait_until("it to be back", lambda: not replica.deviations(), at_most=GONE_WITHIN)


def _seconds_of_hand_overs(node: Node, preloaded: str) -> float:
    done = node.run(
        ["sh", "-c", f'{preloaded} exec python3 -c "$PROGRAM"'],
        within=WITHIN,
        variables={"PROGRAM": HAND_OVERS},
    )
    return float(done.stdout)


def _readiness(instance: Node) -> str:
    ask = (
        "import urllib.request, urllib.error\n"
        "try: print(urllib.request.urlopen('http://127.0.0.1:8000/health/ready').read().decode())\n"
        "except urllib.error.HTTPError as error: print(error.read().decode())"
    )
    return instance.run(["python3", "-c", ask], within=WITHIN).stdout


def _psql(node: Node, statement: str) -> str:
    done = node.run(["psql", "-qAtc", statement], within=WITHIN)
    return (done.stdout + done.stderr).strip()


def _seconds_until_refused(node: Node) -> float:
    began = monotonic()
    assert "statement timeout" in _psql(node, WAIT_IN_POSTGRESQL)
    return monotonic() - began
