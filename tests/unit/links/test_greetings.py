"""The smallest requests that the parts answer, padded to a size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.replica.links import http_greeting, postgres_greeting, redis_greeting


@given(st.integers(0, 9_900))
def test_a_greeting_is_at_least_as_long_as_asked(payload_bytes: int) -> None:
    for greeting in (http_greeting, postgres_greeting, redis_greeting):
        assert len(greeting(payload_bytes)) >= payload_bytes


def test_http_ends_its_headers_once() -> None:
    assert http_greeting(10).count(b"\r\n\r\n") == 1
    assert http_greeting(10).endswith(b"\r\nX-Padding: xxxxxxxxxx\r\n\r\n")


def test_redis_counts_its_payload() -> None:
    assert redis_greeting(3) == b"*2\r\n$4\r\nECHO\r\n$3\r\nxxx\r\n"


def test_postgres_asks_for_tls() -> None:
    assert postgres_greeting(0) == bytes([0, 0, 0, 8, 4, 210, 22, 47])


@given(st.integers(1, 9_900))
def test_postgres_starts_a_session_it_takes_as_too_long_for_none(payload_bytes: int) -> None:
    message = postgres_greeting(payload_bytes)
    assert int.from_bytes(message[:4]) == len(message) < 10_000
    assert message[4:8] == bytes([0, 3, 0, 0])
    assert message.endswith(b"x\0\0")


def test_what_would_not_be_taken_is_refused_here() -> None:
    for greeting, most in ((http_greeting, 15_000), (postgres_greeting, 9_900)):
        with pytest.raises(ValueError, match="ask for no more"):
            greeting(most + 1)
