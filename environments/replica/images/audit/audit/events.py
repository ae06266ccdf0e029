"""What the database notes of itself (audit.sql), as entries of the trail: pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .sessions import Session

DATABASE = "database"
MADE, CHANGED, DELETED = "row made", "row changed", "row deleted"
ROWS = (MADE, CHANGED, DELETED)
MADE_BY_SERVICE = "order made"
CLAIMED, STRANGE = "session claimed", "session of nobody"
# What an order says for ever: the service only ever pays it.
FIXED = ("id", "key", "customer", "item", "amount_cents", "created_at")


def entry_of(event: Mapping[str, object]) -> dict[str, object]:
    """Give the entry for a row of ``audit.events``."""
    old, new = _row(event["old"]), _row(event["new"])
    row = old or new or {}
    return {
        "at": str(event["at"]),
        "actor": event["login"],
        "action": event["action"],
        "subject": f"order {row['id']}" if "id" in row else event["subject"],
        "details": {
            "event": event["number"],
            "pid": event["pid"],
            "started": str(event["started"]),
            "application": event["application"],
            "address": event["address"],
            **({"old": old} if old else {}),
            **({"new": new} if new else {}),
        },
    }


def claim_of(session: Session, instance: str) -> dict[str, object]:
    return _of_session(session, instance, CLAIMED)


def stranger_of(session: Session) -> dict[str, object]:
    return _of_session(session, session.login, STRANGE)


def why_alarming(entry: Mapping[str, object], service: str) -> str | None:
    """Say what about a change is none that the service ever makes; None: nothing is."""
    if not str(entry["actor"]).startswith(service):
        return None
    details = entry["details"]
    if not isinstance(details, dict):
        raise TypeError("an entry's details are an object")
    old, new = details.get("old", {}), details.get("new", {})
    if entry["action"] == DELETED:
        return "an order was deleted in the service's name"
    if entry["action"] == CHANGED and any(old.get(one) != new.get(one) for one in FIXED):
        return "an order was changed in the service's name"
    return None


def touched(
    entries: Iterable[Mapping[str, object]], login: str, instances: tuple[str, ...]
) -> list[dict[str, object]]:
    """Give the changes of orders by logins that begin so, in sessions that no instance had.

    They are in the order in which they were made, each with the row as it was before, which
    is absent where it was made then. An order that an instance says it made is none of them:
    a session that it had for moments only may never have been claimed. What anybody else
    appended, who may say what he likes, counts for nothing here.
    """
    claimed: set[tuple[object, object]] = set()
    made: set[object] = set()
    changes: list[dict[str, object]] = []
    for entry in entries:
        details = entry["details"]
        if not isinstance(details, dict):
            raise TypeError("an entry's details are an object")
        source, action = str(entry["source"]), entry["action"]
        if source.startswith(instances) and action == MADE_BY_SERVICE:
            made.add(details.get("key"))
        if source != DATABASE:
            continue
        if action == CLAIMED:
            claimed.add((details["pid"], details["started"]))
        elif action in ROWS and str(entry["actor"]).startswith(login):
            changes.append(_change(entry, details))
    return [
        one
        for one in changes
        if (one["pid"], one["started"]) not in claimed
        and not (one["action"] == MADE and one["key"] in made)
    ]


def _change(entry: Mapping[str, object], details: Mapping[str, object]) -> dict[str, object]:
    old, new = details.get("old"), details.get("new")
    row = old or new
    if not isinstance(row, dict):
        raise TypeError("a change of rows has a row")
    return {
        "number": entry["number"], "at": entry["at"], "login": entry["actor"],
        "action": entry["action"], "id": row["id"], "key": row["key"],
        "pid": details["pid"], "started": details["started"], "old": old, "new": new,
    }  # fmt: skip


def _of_session(session: Session, actor: str, action: str) -> dict[str, object]:
    return {
        "actor": actor,
        "action": action,
        "subject": f"session {session.pid} of {session.login}",
        "details": {
            "pid": session.pid,
            "started": session.started,
            "application": session.application,
            "address": session.address,
        },
    }


def _row(text: object) -> dict[str, object]:
    row = json.loads(text) if isinstance(text, str) else {}
    return dict(row)
