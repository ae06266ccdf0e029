"""We believe that attacks on customers are seen and undone, and that limits are one asker's."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from environments.selectors import find_node, select
from fixtures.accounts import open_account
from fixtures.faults import GuessPasswords, Kill, describe, rebuild
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from environments.model import Environment

pytestmark = [
    pytest.mark.contract,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(secured=True)),
]

EFFECT_WITHIN = timedelta(seconds=15)
WHOLE_WITHIN = timedelta(seconds=60)
WITHIN = timedelta(seconds=30)
ORDER = r"""
curl --silent --max-time 3 --write-out '\n%{http_code}' \
  --header "Authorization: Bearer $TOKEN" \
  --header "Idempotency-Key: $KEY" --header 'Content-Type: application/json' \
  --data "{\"customer\": \"$CUSTOMER\", \"item\": \"lamp\", \"amount_cents\": 1}" "$EDGE/orders"
"""
LOG_IN = r"""
curl --fail --silent --max-time 3 --header 'Content-Type: application/json' \
  --data "{\"customer\": \"$CUSTOMER\", \"password\": \"$PASSWORD\"}" "$EDGE/login"
"""
# More than one asker may ask in ten seconds, over a few connections.
FLOOD = r"""
curl --silent --output /dev/null --write-out '%{http_code}\n' --header 'Authorization: flood' \
  "$EDGE/health/live?[1-2200]" | sort | uniq -c
curl --silent --output /dev/null --write-out 'another %{http_code}\n' "$EDGE/health/live"
"""


def run(world: Environment, node: str, script: str, **variables: str) -> str:
    done = find_node(world, node).run(
        ["sh", "-euc", script], within=WITHIN, variables=variables
    )
    assert done.exit_code == 0, done.stderr
    return done.stdout


def log_in(world: Environment, customer: str) -> str:
    password = open_account(world, customer)
    told = run(world, "bastion", LOG_IN, CUSTOMER=customer, PASSWORD=password)
    return str(json.loads(told)["token"])


def order(world: Environment, customer: str, token: str, key: str) -> str:
    told = run(world, "bastion", ORDER, CUSTOMER=customer, TOKEN=token, KEY=key)
    return told.rpartition("\n")[2]


def wait_until_whole(world: Environment) -> None:
    wait_until(
        "the world to be whole",
        lambda: not world.deviations(),
        at_most=WHOLE_WITHIN,
        why_not=lambda _: "; ".join(world.deviations()),
    )


def test_guessing_is_seen_and_whom_people_shut_out_is_let_in_again(
    replica: Environment,
) -> None:
    open_account(replica, "careless")
    planned = GuessPasswords("careless").plan(replica)
    anybody = rebuild(json.loads(json.dumps(describe(planned))))
    anybody.revert(replica)  # before there is anything to undo
    assert planned.unavailable(replica) is None
    source = run(replica, "intruder-outside", "hostname -i").split()[0]
    try:
        planned.inject(replica)
        wait_until(
            "passwords to be guessed",
            lambda: planned.has_taken_effect(replica),
            at_most=EFFECT_WITHIN,
        )
        assert replica.traces(among=planned.nodes()) >= planned.traces(replica)
        run(replica, "east-edge", 'block "$SOURCE" 600', SOURCE=source)
        wait_until(
            "the intruder to be kept out",
            lambda: not planned.stands(replica),
            at_most=EFFECT_WITHIN,
        )
    finally:
        anybody.revert(replica)
        anybody.revert(replica)
    assert planned.has_gone(replica)
    assert run(replica, "east-edge", "block") == ""
    wait_until_whole(replica)
    assert replica.traces(among=planned.nodes()) == frozenset()


def test_what_was_revoked_outlives_the_login_and_instances_go_on_without_it(
    replica: Environment,
) -> None:
    stolen, own = log_in(replica, "ada"), log_in(replica, "bob")
    run(replica, "east-auth", "auth revoke --customer ada")
    killed = Kill("east-auth").plan(replica)
    killed.inject(replica)
    try:
        wait_until(
            "the login to be away",
            lambda: killed.has_taken_effect(replica),
            at_most=EFFECT_WITHIN,
        )
        # One that starts meanwhile has its last word on disk.
        for instance in select(replica, "app"):
            restarted = instance.run(["supervisorctl", "restart", "orders"], within=WITHIN)
            assert restarted.exit_code == 0, restarted.stdout
        wait_until(
            "instances to take orders again",
            lambda: order(replica, "bob", own, "bob-1") in {"200", "201"},
            at_most=EFFECT_WITHIN,
        )
        assert order(replica, "ada", stolen, "ada-1") == "401"
    finally:
        killed.revert(replica)
    wait_until_whole(replica)
    assert order(replica, "ada", stolen, "ada-1") == "401"
    assert order(replica, "ada", log_in(replica, "ada"), "ada-1") == "201"


def test_who_asks_too_much_is_refused_and_nobody_else_is(replica: Environment) -> None:
    told = run(replica, "bastion", FLOOD).split("\n")
    answers = {status: int(count) for count, status in (line.split() for line in told[:2])}
    assert answers["200"] == 2000
    assert answers["429"] == 200
    assert told[2] == "another 200"
