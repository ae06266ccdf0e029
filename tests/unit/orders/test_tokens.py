"""We believe that only a token of the customer's own, issued here and not expired, lets in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.replica.images.orders.orders.tokens import (
    BadTokenError,
    NoTimeYetError,
    Tokens,
    issue,
)

KEY = "k" * 64
NOW = 1_800_000_000
PACKAGE = Path(__file__).parents[3] / "environments/replica/images/orders"


@dataclass
class Judge:
    time: float | None = float(NOW)

    def now(self) -> float | None:
        return self.time


@given(good_for=st.integers(-(10**8), 10**8))
def test_it_lets_in_until_the_very_second(good_for: int) -> None:
    token = issue(KEY, "ada", until=NOW + good_for)
    if good_for > 0:
        assert Tokens(KEY, Judge()).customer_of(token) == "ada"
    else:
        with pytest.raises(BadTokenError, match="has expired"):
            Tokens(KEY, Judge()).customer_of(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        issue("x" * 64, "ada", until=NOW + 60),
        jwt.encode({"sub": "ada", "exp": NOW + 60}, "", "none"),
        jwt.encode({"sub": "ada", "exp": NOW + 60}, KEY, "HS512"),
        jwt.encode({"sub": "ada"}, KEY, "HS256"),
        jwt.encode({"exp": NOW + 60}, KEY, "HS256"),
        jwt.encode({"sub": "ada", "exp": "never"}, KEY, "HS256"),
        jwt.encode({"sub": "ada", "exp": float("inf")}, KEY, "HS256"),
    ],
)
def test_what_was_not_issued_here_as_it_ought_to_be_lets_nobody_in(token: str) -> None:
    with pytest.raises(BadTokenError, match="not issued here"):
        Tokens(KEY, Judge()).customer_of(token)


def test_while_the_time_is_not_known_nobody_says_yes_or_no() -> None:
    with pytest.raises(NoTimeYetError):
        Tokens(KEY, Judge(None)).customer_of(issue(KEY, "ada", until=NOW + 60))


def test_the_tool_issues_one_with_the_key_of_its_instance() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orders.tokens", "issue", "ada", "3600"],
        cwd=PACKAGE,
        env={**os.environ, "TOKEN_KEY": KEY},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    claims = jwt.decode(done.stdout.strip(), KEY, algorithms=["HS256"])
    assert claims["sub"] == "ada"
    assert 3590 < claims["exp"] - time.time() <= 3600
    assert KEY not in done.stdout + done.stderr
