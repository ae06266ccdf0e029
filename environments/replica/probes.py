"""Questions put to the replica's parts through their published ports; each is bounded.

The same probes say that a node is ready at the start and that it is well later.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import ssl
import time
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from cryptography import x509

from environments.model import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Value = TypeVar("Value")

HOST = "127.0.0.1"
ANSWER_SECONDS = 1.5
POLL_SECONDS = 0.1
LONGEST_ANSWER_BYTES = 1_000_000


class NoAnswerError(Exception):
    """A part gave no usable answer; the message says what came instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str


def http_get(port: int, path: str) -> Answer:
    """GET from a published port.

    Raises:
        NoAnswerError: no whole answer came within ``ANSWER_SECONDS`` of silence.
    """
    return _http(port, "GET", path, None)


def http_ok(port: int, path: str) -> str:
    """GET from a published port and return the body of a 200.

    Raises:
        NoAnswerError: no answer came, or one with another status.
    """
    answer = http_get(port, path)
    if answer.status != http.client.OK:
        raise NoAnswerError(f"{path} answered {answer.status}: {answer.body.strip()[:200]}")
    return answer.body


def _http(port: int, method: str, path: str, body: str | None) -> Answer:
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(LONGEST_ANSWER_BYTES).decode(errors="replace"))
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError(f"{path}: {error or type(error).__name__}") from error
    finally:
        connection.close()


def certificate_at(port: int) -> x509.Certificate:
    """Give the certificate that is shown at a published port, good or not.

    Raises:
        NoAnswerError: none is.
    """
    try:
        shown = ssl.get_server_certificate((HOST, port), timeout=ANSWER_SECONDS)
    except OSError as error:
        raise NoAnswerError(f"its certificate: {error}") from error
    return x509.load_pem_x509_certificate(shown.encode())


def redis_pong(port: int) -> None:
    """Ask Redis for its PONG.

    Raises:
        NoAnswerError: something else came, or nothing.
    """
    try:
        with socket.create_connection((HOST, port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            answer = connection.recv(64)
    except OSError as error:
        raise NoAnswerError(f"PING: {error}") from error
    if answer != b"+PONG\r\n":
        raise NoAnswerError(f"PING was answered {answer!r}")


def redis_answer(port: int, command: str) -> Sequence[str]:
    """Ask Redis, or a Sentinel, something that is answered by one text or a list of them.

    Raises:
        NoAnswerError: something else came, or nothing.
    """
    try:
        with (
            socket.create_connection((HOST, port), timeout=ANSWER_SECONDS) as connection,
            connection.makefile("rb") as answer,
        ):
            connection.sendall(f"{command}\r\n".encode())
            return _redis_texts(answer)
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"{command}: {error}") from error


def _redis_texts(answer: BinaryIO) -> Sequence[str]:
    """Read it (https://redis.io/docs/latest/develop/reference/protocol-spec/).

    Raises:
        ValueError: it is neither a text nor a list of texts.
    """
    head = answer.readline(200).decode(errors="replace").strip()
    if re.fullmatch(r"\*[0-9]{1,4}", head):
        return [text for _ in range(int(head[1:])) for text in _redis_texts(answer)]
    if re.fullmatch(r"\$[0-9]{1,6}", head):
        return [answer.read(int(head[1:]) + len("\r\n")).decode(errors="replace").strip()]
    raise ValueError(f"the answer was {head!r}")


def etcd_range(port: int, prefix: str) -> Mapping[str, str]:
    """All keys under a prefix, as the majority of etcd's members have them now.

    The read is linearizable, so a member without a quorum gives no answer, not an old one
    (https://etcd.io/docs/v3.5/learning/api_guarantees/).

    Raises:
        NoAnswerError: this member could not say.
    """
    end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    question = json.dumps({"key": _base64(prefix), "range_end": _base64(end)})
    answer = _http(port, "POST", "/v3/kv/range", question)
    if answer.status != http.client.OK:
        raise NoAnswerError(f"etcd answered {answer.status}: {answer.body.strip()[:200]}")
    return {
        _text(pair["key"]).removeprefix(prefix): _text(pair.get("value", ""))
        for pair in json_object(answer.body).get("kvs", [])
    }


def json_object(text: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        NoAnswerError: it is none.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise NoAnswerError(f"not JSON: {text[:200]!r}") from error
    if not isinstance(value, dict):
        raise NoAnswerError(f"not a JSON object: {text[:200]!r}")
    return value


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode(errors="replace")


def wait_for(what: str, ask: Callable[[], Value], *, at_most_seconds: float) -> Value:
    """Ask ten times a second until there is an answer, and return that.

    Raises:
        NotReadyError: the time was up; why there was no answer is in it.
    """
    deadline = time.monotonic() + at_most_seconds
    pause = Event()
    while True:
        try:
            return ask()
        except NoAnswerError as error:
            if time.monotonic() >= deadline:
                raise NotReadyError(
                    f"{what} did not come within {at_most_seconds:g} s: {error}"
                ) from error
        pause.wait(POLL_SECONDS)
