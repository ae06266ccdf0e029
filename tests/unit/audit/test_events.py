"""We believe that the trail tells the service's own work from what is done in its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from environments.replica.images.audit.audit.alerts import Alerts
from environments.replica.images.audit.audit.events import (
    claim_of,
    entry_of,
    touched,
    why_alarming,
)
from environments.replica.images.audit.audit.sessions import GRACE_SECONDS, Session, Sessions
from tests.unit.audit.trails import STARTED, event, order

if TYPE_CHECKING:
    from collections.abc import Mapping

MINE = Session(7, STARTED, "orders_a", "orders", "10.0.0.2")
OTHER = Session(8, STARTED, "orders_a", "orders", "10.0.0.2")


INSTANCES = ("east-app-",)


def entries(*told: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {"number": number, "source": "database", **one}
        for number, one in enumerate(told, start=1)
    ]


def found(login: str, *told: Mapping[str, object]) -> list[dict[str, object]]:
    return touched(entries(*told), login, INSTANCES)


def test_a_row_of_the_database_becomes_an_entry_about_its_order() -> None:
    entry = entry_of(event("row deleted", number=4, old=order(5)))
    assert (entry["actor"], entry["action"]) == ("orders_a", "row deleted")
    assert entry["subject"] == "order 5"
    assert entry["details"] == {
        "event": 4, "pid": 7, "started": STARTED, "application": "psql",
        "address": "10.0.0.9", "old": order(5),
    }  # fmt: skip


def test_a_login_is_about_no_order() -> None:
    assert entry_of(event("login"))["subject"] == "orders"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (event("row deleted", old=order()), "deleted"),
        (event("row changed", old=order(), new=order(customer="eve")), "changed"),
        (event("row changed", old=order(), new=order(amount_cents=1)), "changed"),
        (event("row changed", old=order(status="pending"), new=order()), None),
        (event("row made", new=order()), None),
        (event("login"), None),
        (event("row deleted", login="postgres", old=order()), None),
    ],
)
def test_what_the_service_never_does_alarms(told: dict[str, object], why: str | None) -> None:
    said = why_alarming(entry_of(told), "orders")
    assert (said is None) if why is None else (said is not None and why in said)


def test_what_nobodys_session_did_was_touched_and_is_told_in_order() -> None:
    told = (
        entry_of(event("row made", new=order(1))),
        entry_of(event("row changed", old=order(2), new=order(2, customer="eve"))),
        entry_of(event("row changed", login="postgres", old=order(3), new=order(3))),
    )
    ours = [(one["id"], one["old"]) for one in found("orders_a", *told)]
    assert ours == [(1, None), (2, order(2))]
    assert found("orders_b", *told) == []


def test_what_an_instances_session_did_was_not_touched_whenever_it_was_claimed() -> None:
    changed = entry_of(event("row changed", old=order(2), new=order(2, status="paid")))
    assert found("orders", changed, claim_of(MINE, "east-app-1")) == []
    assert len(found("orders", changed, claim_of(OTHER, "east-app-1"))) == 1


def test_an_order_that_an_instance_says_it_made_was_not_forged() -> None:
    made = entry_of(event("row made", new=order(1)))
    said = {
        "source": "east-app-1",
        "actor": "ada",
        "action": "order made",
        "details": {"key": "k1"},
    }
    assert found("orders", made, said) == []
    assert len(found("orders", made, said, entry_of(event("row deleted", old=order(1))))) == 1


def test_what_somebody_else_appended_hides_nothing() -> None:
    made = entry_of(event("row made", new=order(1)))
    said = {
        "source": "10.0.0.9",
        "actor": "ada",
        "action": "order made",
        "details": {"key": "k1"},
    }
    claimed = {**claim_of(MINE, "east-app-1"), "source": "10.0.0.9"}
    forged = {**entry_of(event("row deleted", old=order(2))), "source": "10.0.0.9"}
    assert [one["id"] for one in found("orders", made, said, claimed, forged)] == [1]


def test_a_session_that_no_instance_claims_is_strange_after_a_while() -> None:
    sessions = Sessions()
    sessions.claim("east-app-1", frozenset({MINE.pid}))
    both = frozenset({MINE, OTHER})

    assert sessions.look(both, 10.0) == ({MINE: "east-app-1"}, frozenset())
    assert sessions.look(both, 10.0 + GRACE_SECONDS) == ({}, frozenset({OTHER}))


def test_an_instance_that_falls_silent_keeps_its_sessions() -> None:
    sessions = Sessions()
    sessions.claim("east-app-1", frozenset({MINE.pid}))
    sessions.look(frozenset({MINE}), 0.0)
    sessions.claim("east-app-1", frozenset())
    assert sessions.look(frozenset({MINE}), 60.0) == ({}, frozenset())


def test_a_number_that_comes_again_is_another_session() -> None:
    sessions = Sessions()
    sessions.claim("east-app-1", frozenset({MINE.pid}))
    sessions.look(frozenset({MINE}), 0.0)
    sessions.claim("east-app-1", frozenset())
    later = Session(MINE.pid, "later", "orders_a", "orders", "10.0.0.9")
    sessions.look(frozenset({later}), 1.0)
    assert sessions.look(frozenset({later}), 1.0 + GRACE_SECONDS)[1] == {later}


def test_an_alert_is_new_once_and_active_while_it_is_seen() -> None:
    alerts = Alerts()
    assert alerts.add("strange", "session 7", 1.0)
    assert not alerts.add("strange", "session 7", 5.0)
    assert alerts.add("strange", "session 8", 1.0)
    active = {one["subject"]: (one["active"], one["count"]) for one in alerts.told(14.0)}
    assert active == {"session 7": (True, 2), "session 8": (False, 1)}
