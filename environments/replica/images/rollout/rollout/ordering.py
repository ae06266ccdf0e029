"""The critical function, tried as a customer would: an order is made, and read back.

It is read through another instance, page by page, which no cache answers: so what is compared
is what lies in the database.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

PORT = 8000
ANSWER_SECONDS = 2.0
LONGEST_ANSWER_BYTES = 100_000
_SUCCESSES = {http.client.OK, http.client.CREATED}


class BrokenError(Exception):
    """An order was not made as it was meant; the message says how."""


class WrongError(BrokenError):
    """It was made, and is another one: nothing that chance could bring about."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An order that nobody wants: its customer's name says so."""

    key: str
    customer: str
    amount_cents: int
    item: str = "trial"

    def fields(self) -> dict[str, object]:
        return {
            "customer": self.customer,
            "item": self.item,
            "amount_cents": self.amount_cents,
        }


def order_and_read_back(trial: Trial, instance: str, reader: str, *, port: int = PORT) -> None:
    """Make an order at an instance, and read it through another one.

    Raises:
        WrongError: it is not the order that was made.
        BrokenError: one of them refused, or was silent.
    """
    body = json.dumps(trial.fields()).encode()
    made = _ask(instance, "POST", "/orders", port, body, trial.key)
    answered = {**trial.fields(), "key": trial.key}
    _must_be(answered, made, f"{instance} says that it took")
    query = urlencode({"customer": trial.customer, "after": int(made["id"]) - 1, "limit": 1})
    page = _ask(reader, "GET", f"/orders?{query}", port)
    # What a page has of each order.
    written = {"key": trial.key, "amount_cents": trial.amount_cents}
    _must_be(written, (page.get("orders") or [{}])[0], f"{reader} says that {instance} wrote")


def _must_be(expected: Mapping[str, object], order: Mapping[str, Any], who: str) -> None:
    wrong = [name for name, value in expected.items() if order.get(name) != value]
    if wrong:
        told = ", ".join(f"{name} {order.get(name)!r}" for name in wrong)
        asked = ", ".join(f"{name} {expected[name]!r}" for name in wrong)
        raise WrongError(f"{who} {told}, where {asked} was ordered")


def _ask(  # noqa: PLR0913, PLR0917 - a request consists of that much
    instance: str, method: str, path: str, port: int, body: bytes = b"", key: str = ""
) -> Mapping[str, Any]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key} if body else {}
    connection = http.client.HTTPConnection(instance, port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read(LONGEST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise BrokenError(f"{instance} does not answer {method} /orders: {error}") from error
    finally:
        connection.close()
    if answer.status not in _SUCCESSES:
        raise BrokenError(f"{instance} answers {method} /orders with {answer.status}")
    try:
        told = json.loads(text)
    except ValueError as error:
        raise BrokenError(f"{instance} answers {method} /orders with no JSON") from error
    return told if isinstance(told, dict) else {}
