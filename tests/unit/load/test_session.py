"""We believe that customers stay logged in while nobody can log in for half a token's life."""

from __future__ import annotations

import json

import pytest

from fixtures.load.answers import Answer
from fixtures.load.session import AGAIN_AFTER_SECONDS, Session


def good(token: str) -> Answer:
    return Answer(200, json.dumps({"token": token, "expires_in": 300}).encode())


@pytest.fixture
def session() -> Session:
    return Session("ada", "right")


def test_they_log_in_at_once_and_again_after_half_of_its_life(session: Session) -> None:
    assert session.is_due(0.0)
    assert not session.is_open
    assert session.answered(good("t"), 10.0) is None
    assert session.headers == {"Authorization": "Bearer t"}
    assert not session.is_due(159.9)
    assert session.is_due(160.0)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, b'{"done": false}'),
        Answer(0, b"", ConnectionRefusedError()),
        Answer(200, b"{}"),
        Answer(200, b"["),
        Answer(200, b'{"token": "u", "expires_in": "soon"}'),
    ],
)
def test_while_nobody_can_log_in_they_show_what_they_have_and_try_on(
    session: Session, answer: Answer
) -> None:
    session.answered(good("t"), 10.0)
    assert session.answered(answer, 160.0)
    assert session.headers == {"Authorization": "Bearer t"}
    assert not session.is_due(160.0 + AGAIN_AFTER_SECONDS / 2)
    assert session.is_due(160.0 + AGAIN_AFTER_SECONDS)


def test_who_is_refused_logs_in_again_at_once(session: Session) -> None:
    session.answered(good("t"), 10.0)
    session.refused({"Authorization": "Bearer an older one"})
    assert not session.is_due(11.0)
    session.refused(session.headers)
    assert session.is_due(11.0)


def test_a_password_is_not_shown(session: Session) -> None:
    session.answered(good("hush"), 0.0)
    assert "right" not in repr(session)
    assert "hush" not in repr(session)
