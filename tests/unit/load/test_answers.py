"""We believe that only a whole, matching success is YES, and only a certain refusal NO."""

import json
from ssl import SSLCertVerificationError

import pytest

from fixtures.load.answers import Answer, understand
from reports.ledger import Outcome

EXPECTED = {"key": "c-7", "amount_cents": 420}
RIGHT = json.dumps({"id": 1, "status": "pending", **EXPECTED}).encode()


@pytest.mark.parametrize("status", [200, 201])
def test_a_whole_success_with_what_was_sent_is_yes(status: int) -> None:
    told = understand(Answer(status, RIGHT), EXPECTED)

    assert told.outcome is Outcome.YES
    assert told.complaint is None
    assert told.body["id"] == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        RIGHT[:-1],
        b"\xff",
        json.dumps({"key": "c-7"}).encode(),
        json.dumps({**EXPECTED, "amount_cents": 421}).encode(),
        json.dumps({**EXPECTED, "key": "c-8"}).encode(),
    ],
)
def test_a_success_that_says_something_else_is_unknown(body: bytes) -> None:
    told = understand(Answer(201, body), EXPECTED)

    assert told.outcome is Outcome.UNKNOWN
    assert told.complaint == "HTTP 201 with a wrong body"


@pytest.mark.parametrize("status", [202, 204, 206, 302, 307, 500, 502, 503, 504])
def test_every_other_status_leaves_it_open(status: int) -> None:
    assert understand(Answer(status, RIGHT), EXPECTED).outcome is Outcome.UNKNOWN


def test_a_503_that_says_so_is_certainly_not_done() -> None:
    told = understand(Answer(503, b'{"error": "too busy", "done": false}'), EXPECTED)

    assert told.outcome is Outcome.NO
    assert told.complaint == "HTTP 503"


@pytest.mark.parametrize("status", [500, 502, 504, 202, 302])
def test_no_other_status_can_say_so(status: int) -> None:
    assert understand(Answer(status, b'{"done": false}'), EXPECTED).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [200, 201])
def test_a_success_cannot_say_so_either(status: int) -> None:
    body = json.dumps({**json.loads(RIGHT), "done": False}).encode()
    assert understand(Answer(status, body), EXPECTED).outcome is Outcome.YES
    assert understand(Answer(status, b'{"done": false}'), EXPECTED).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"false",
        b'{"done": false',
        b'[{"done": false}]',
        b'{"done": true}',
        b'{"done": 0}',
        b'{"done": null}',
        b'{"done": "false"}',
        b'{"error": ""done": false"}',
    ],
)
def test_a_503_that_does_not_quite_say_so_leaves_it_open(body: bytes) -> None:
    assert understand(Answer(503, body), EXPECTED).outcome is Outcome.UNKNOWN


def test_a_refusal_that_broke_off_leaves_it_open() -> None:
    broken = Answer(503, b'{"done": false}', TimeoutError("2.5 s"))

    assert understand(broken, EXPECTED).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [400, 404, 408, 422, 429, 499])
def test_what_was_rejected_is_certainly_not_done(status: int) -> None:
    told = understand(Answer(status, b"no"), EXPECTED)

    assert told.outcome is Outcome.NO
    assert told.complaint == f"HTTP {status}"


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError("refused"), SSLCertVerificationError("has expired")]
)
def test_what_never_left_is_certainly_not_done(error: Exception) -> None:
    told = understand(Answer(0, b"", error), EXPECTED)

    assert told.outcome is Outcome.NO


@pytest.mark.parametrize("error", [TimeoutError("2.5 s"), ConnectionResetError("reset")])
@pytest.mark.parametrize("status", [0, 201])
def test_an_answer_that_is_not_whole_is_unknown(status: int, error: Exception) -> None:
    told = understand(Answer(status, RIGHT, error), EXPECTED)

    assert told.outcome is Outcome.UNKNOWN
    assert type(error).__name__ in str(told.complaint)
