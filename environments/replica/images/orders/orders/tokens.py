"""Customers' credentials: JSON Web Tokens that expire (RFC 7519, HMAC with SHA-256).

They are issued on an instance, by its own clock and with its key:
    python3 -m orders.tokens issue CUSTOMER SECONDS
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import jwt

if TYPE_CHECKING:
    from .clocks import Judge

ALGORITHM = "HS256"
KEY_VARIABLE = "TOKEN_KEY"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who orders, and the id of the token that says so; "" where tokens have none."""

    customer: str
    token: str = ""


class BadTokenError(Exception):
    """Nobody is let in with it; the message tells the customer why."""


class NoTimeYetError(Exception):
    """Nobody can say yet whether it has expired."""


class Doorkeeper(Protocol):
    def bearer_of(self, token: str, source: str) -> Bearer:
        """Give whose token it is that was shown from there ("": nobody knows from where).

        Raises:
            BadTokenError: nobody's, or not any more.
            NoTimeYetError: nobody can say yet.
        """
        ...


def issue(key: str, customer: str, *, until: float) -> str:
    """Give a token for this customer that expires then, in seconds since 1970."""
    return jwt.encode({"sub": customer, "exp": int(until)}, key, ALGORITHM)


class Tokens:
    """Looks at tokens that were issued on an instance; ``judge`` says what time it is."""

    def __init__(self, key: str, judge: Judge) -> None:
        self._key = key
        self._judge = judge

    def bearer_of(self, token: str, source: str) -> Bearer:
        del source
        return Bearer(self.customer_of(token))

    def customer_of(self, token: str) -> str:
        """Give the customer whose token it is.

        Raises:
            BadTokenError: it has expired, or was not issued here.
            NoTimeYetError: what time it is is not known.
        """
        try:
            # Expiry is ours to judge: the library knows one clock only.
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                options={"require": ["exp", "sub"], "verify_exp": False},
            )
        except jwt.InvalidTokenError as error:
            raise BadTokenError("this token was not issued here") from error
        if not isinstance(claims["exp"], int):
            raise BadTokenError("this token was not issued here")
        now = self._judge.now()
        if now is None:
            raise NoTimeYetError
        if now >= claims["exp"]:
            raise BadTokenError("this token has expired")
        return str(claims["sub"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="orders.tokens", description=__doc__)
    commands = parser.add_subparsers(required=True)
    new = commands.add_parser("issue", help="print a token")
    new.add_argument("customer", help="who orders with it")
    new.add_argument("seconds", type=int, help="how long it is good; negative: expired by then")
    asked = parser.parse_args()
    until = time.time() + asked.seconds
    print(issue(os.environ[KEY_VARIABLE], asked.customer, until=until))  # noqa: T201 - its work


if __name__ == "__main__":
    main()
