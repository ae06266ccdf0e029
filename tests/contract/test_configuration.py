"""We believe that what is wrong with a configuration bites, and is undone by anybody."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings, caretaker, engine_of
from environments.selectors import select
from fixtures.faults import (
    BadConfiguration,
    BrokenFeature,
    TamperedConfiguration,
    describe,
    rebuild,
)
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from environments.model import Environment
    from fixtures.faults import Fault

pytestmark = [
    pytest.mark.contract,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(configured=True)),
]

EFFECT_WITHIN = timedelta(seconds=15)
GONE_WITHIN = timedelta(seconds=30)
WITHIN = timedelta(seconds=20)
FAULTS: list[Fault] = [
    BadConfiguration("configurator", "most_in_work", "1"),
    BadConfiguration("configurator", "most_in_work", '"many"'),
    TamperedConfiguration("configurator", "most_in_work", "1"),
    TamperedConfiguration("app@east", "most_in_work", "1"),
    BrokenFeature("east-app-1,east-app-3", 90),
]
ORDER = """
for number in 1 2 3 4 5 6 7 8 9; do
  key=$(cat /proc/sys/kernel/random/uuid)
  curl --silent --output /dev/null --header "Idempotency-Key: $key" \
    --json '{"customer": "contract", "item": "lamp", "amount_cents": 1}' "$EDGE/orders"
done
"""


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
    (bastion,) = select(replica, "bastion")
    with closing(caretaker("replica", engine_of("replica"))) as hands:
        try:
            planned.inject(replica)
            bastion.run(["sh", "-c", ORDER], within=WITHIN)
            wait_until(
                f"{planned} to take effect",
                lambda: planned.has_taken_effect(replica),
                at_most=EFFECT_WITHIN,
            )
            assert planned.unavailable(replica)
            assert replica.traces(among=planned.nodes()) == planned.traces(replica)
        finally:
            with hands.attach(replica.id) as attached:
                anybody.revert(attached)
                anybody.revert(attached)
                assert anybody.has_gone(attached)
    wait_until(
        "the world to be whole again",
        lambda: not replica.deviations(),
        at_most=GONE_WITHIN,
        why_not=lambda _: "; ".join(replica.deviations()),
    )
    assert replica.traces(among=planned.nodes()) == frozenset()
