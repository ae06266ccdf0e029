"""What tests of the trail share: entries as the service and the database tell them."""

from __future__ import annotations

import json

STARTED = "2026-11-26 17:48:13+00:00"


def event(
    action: str, number: int = 1, login: str = "orders_a", **other: object
) -> dict[str, object]:
    """Give a row of ``audit.events``; ``old`` and ``new`` are rows of orders."""
    rows = {
        name: json.dumps(row) if (row := other.pop(name, None)) else None
        for name in ("old", "new")
    }
    return {
        "number": number, "at": "2026-11-26 17:48:18+00:00", "action": action,
        "subject": "orders", "login": login, "pid": 7, "started": STARTED,
        "application": "psql", "address": "10.0.0.9", **rows, **other,
    }  # fmt: skip


def order(number: int = 5, **other: object) -> dict[str, object]:
    return {
        "id": number, "key": f"k{number}", "customer": "ada", "item": "lifejacket",
        "amount_cents": 9, "status": "paid", "created_at": "2026-11-26T17:48:18+00:00", **other,
    }  # fmt: skip
