"""We believe that everybody may ask, and only who is on the host may have something done."""

from __future__ import annotations

import http.client
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from rollout.web import Question, Reply, Web, as_json, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator


def answer(question: Question) -> Reply:
    if question.path != "/changes":
        return refusal("ask for /changes", HTTPStatus.NOT_FOUND)
    return as_json({"after": question.after})


def do(question: Question) -> Reply:
    return as_json({"done": question.body.decode()})


@pytest.fixture
def port() -> Iterator[int]:
    with Web(answer, do, ("", 0)) as web:
        web.serve()
        yield web.server_port
        web.shutdown()


def ask(port: int, method: str, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, port, timeout=5, source_address=(host, 0))
    try:
        connection.request(method, path, b"stop" if method == "POST" else None)
        got = connection.getresponse()
        return got.status, got.read().decode()
    finally:
        connection.close()


def test_a_question_has_its_path_and_what_is_known(port: int) -> None:
    assert ask(port, "GET", "/changes?after=12") == (200, '{"after": 12}')
    assert ask(port, "GET", "/changes?after=x") == (200, '{"after": 0}')
    assert ask(port, "GET", "/")[0] == 404


def test_what_is_to_be_done_is_taken_from_this_host_alone(port: int) -> None:
    assert ask(port, "POST", "/ask") == (200, '{"done": "stop"}')
    status, why = ask(port, "POST", "/ask", host="127.0.0.2")
    assert status == 403
    assert "log in to this host" in why
