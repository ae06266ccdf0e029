"""We believe that an answer shows an order's state only if it is whole and about that order."""

import json

import pytest

from fixtures.load.answers import Answer, understand
from fixtures.load.seen import seen_in
from reports.ledger import Seen

EXPECTED = {"id": 4, "key": "c-7", "amount_cents": 420}


def seen(status: int, body: object, error: BaseException | None = None) -> Seen:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(status, content, error)
    return seen_in(answer, understand(answer, EXPECTED), EXPECTED)


@pytest.mark.parametrize("status", [200, 201])
def test_a_right_answer_shows_the_state_of_the_order(status: int) -> None:
    assert seen(status, {**EXPECTED, "status": "pending"}) is Seen.PENDING
    assert seen(status, {**EXPECTED, "status": "paid"}) is Seen.PAID


@pytest.mark.parametrize("state", [None, "gone", ["paid"], 3])
def test_a_right_answer_in_no_known_state_shows_nothing(state: object) -> None:
    assert seen(200, {**EXPECTED, "status": state}) is Seen.UNKNOWN


def test_404_says_that_it_is_not_there() -> None:
    assert seen(404, {"error": "there is no order 4"}) is Seen.ABSENT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        {},
        {"key": "c-7"},
        {**EXPECTED, "amount_cents": 421},
        {**EXPECTED, "id": 5},
        {**EXPECTED, "id": 5, "key": "c-8"},
        {**EXPECTED, "key": None},
    ],
)
def test_a_success_that_is_not_the_order_is_wrong(body: object) -> None:
    assert seen(200, body) is Seen.WRONG


def test_another_order_under_its_number_is_another() -> None:
    assert seen(200, {**EXPECTED, "key": "c-8", "amount_cents": 1}) is Seen.ANOTHER


@pytest.mark.parametrize("status", [0, 400, 409, 429, 500, 503])
def test_anything_else_shows_nothing(status: int) -> None:
    assert seen(status, {**EXPECTED, "status": "paid"}) is Seen.UNKNOWN


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_that_is_not_whole_shows_nothing(status: int) -> None:
    broken = ConnectionResetError("in the middle")
    assert seen(status, {**EXPECTED, "status": "paid"}, broken) is Seen.UNKNOWN
