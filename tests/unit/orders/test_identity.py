"""We believe that an instance judges tokens without the auth service, by its last good word."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from environments.replica.images.auth.auth.keys import Key
from environments.replica.images.orders.orders.identity import (
    OLD_SECONDS,
    AuthService,
    Issued,
    NoWordError,
    Word,
)
from environments.replica.images.orders.orders.tokens import (
    BadTokenError,
    Bearer,
    NoTimeYetError,
)

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1000.0
KEY = Key.of("ours")
OTHER = Key.of("another")
CLAIMS = {"sub": "ada", "jti": "t1", "iat": 900.5, "exp": 1200, "from": "10.0.0.1"}
WORD = {
    "keys": {KEY.id: KEY.public},
    "only": {},
    "revoked_tokens": [],
    "revoked_customers": {},
    "version": "v1",
}


@dataclass
class Judge:
    time: float | None = NOW
    steady: float = 50.0

    def now(self) -> float | None:
        return self.time

    def monotonic(self) -> float:
        return self.steady


@dataclass
class Auth:
    """The auth service, as HTTP has it."""

    word: dict[str, Any] = field(default_factory=lambda: dict(WORD))
    status: int = 200
    is_away: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("refused")
        self.asked.append(json.loads(request.content))
        return httpx.Response(self.status, json=self.word)


@dataclass
class Instance:
    file: Path
    auth: Auth = field(default_factory=Auth)
    judge: Judge = field(default_factory=Judge)
    issued: Issued = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.issued = Issued(self.judge, self.judge.monotonic)
        self._with(lambda service: service.start())

    def poll(self) -> None:
        self._with(lambda service: service.ask())

    def _with(self, do: Any) -> None:  # noqa: ANN401 - a coroutine or nothing
        async def run() -> None:
            transport = httpx.MockTransport(self.auth.answer)
            async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
                done = do(AuthService(client, "east-app-1", self.issued, self.file))
                if done is not None:
                    await done

        asyncio.run(run())


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path / "auth.json")


def signed(key: Key = KEY, *, kid: str = KEY.id, without: str = "", **claims: object) -> str:
    told = {name: value for name, value in {**CLAIMS, **claims}.items() if name != without}
    return jwt.encode(told, key.private, "EdDSA", headers={"kid": kid})


def test_nobody_says_yes_or_no_before_auth_was_heard_of(instance: Instance) -> None:
    assert instance.issued.must_leave
    with pytest.raises(NoTimeYetError):
        instance.issued.bearer_of(signed(), "")
    instance.poll()
    assert not instance.issued.must_leave
    assert instance.issued.bearer_of(signed(), "").customer == "ada"
    instance.judge.time = None
    with pytest.raises(NoTimeYetError):
        instance.issued.bearer_of(signed(), "")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        signed(OTHER),  # under our key's name
        signed(OTHER, kid=OTHER.id),
        signed(without="exp"),
        signed(without="jti"),
        signed(without="from"),
        jwt.encode(CLAIMS, "", "none", headers={"kid": KEY.id}),
        # What everybody may read is no secret to sign with.
        jwt.encode(CLAIMS, KEY.public * 2, "HS256", headers={"kid": KEY.id}),
        jwt.encode(CLAIMS, Ed25519PrivateKey.generate(), "EdDSA"),
    ],
)
def test_what_was_not_issued_by_our_auth_lets_nobody_in(instance: Instance, token: str) -> None:
    instance.poll()
    with pytest.raises(BadTokenError, match="not issued here"):
        instance.issued.bearer_of(token, "")


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ({"revoked_tokens": ["t1"]}, "revoked"),
        ({"revoked_customers": {"ada": 900.5}}, "revoked"),
        ({"keys": {}}, "not issued here"),
        ({"only": {KEY.id: ["t2"]}}, "not issued here"),
    ],
)
def test_what_was_taken_back_lets_nobody_in(
    instance: Instance, word: dict[str, Any], why: str
) -> None:
    instance.poll()
    instance.issued.bearer_of(signed(), "")
    instance.auth.word.update(word)
    instance.poll()
    with pytest.raises(BadTokenError, match=why):
        instance.issued.bearer_of(signed(), "")


def test_others_tokens_and_later_ones_are_good_all_the_same(instance: Instance) -> None:
    only = {KEY.id: ["t1"], OTHER.id: []}
    instance.auth.word.update(
        revoked_tokens=["t2"], revoked_customers={"ada": 900.4}, only=only
    )
    instance.poll()
    assert instance.issued.bearer_of(signed(), "") == Bearer("ada", "t1")


@pytest.mark.parametrize("failure", ["away", "broken", "senseless"])
def test_while_auth_fails_its_last_word_holds_and_people_are_told(
    instance: Instance, failure: str
) -> None:
    instance.auth.word["revoked_tokens"] = ["stolen"]
    instance.poll()
    match failure:
        case "away":
            instance.auth.is_away = True
        case "broken":
            instance.auth.status = 500
        case _:
            instance.auth.word = {"keys": {KEY.id: "!"}}
    instance.judge.steady += OLD_SECONDS + 1
    instance.poll()
    assert instance.issued.bearer_of(signed(), "").customer == "ada"
    with pytest.raises(BadTokenError, match="revoked"):
        instance.issued.bearer_of(signed(jti="stolen"), "")
    assert "auth is silent" in str(instance.issued.trouble)
    assert not instance.issued.must_leave
    instance.issued.needs_auth = True
    assert instance.issued.must_leave


def test_an_instance_that_starts_meanwhile_begins_with_the_last_word(
    instance: Instance,
) -> None:
    instance.auth.word["revoked_tokens"] = ["stolen"]
    instance.poll()
    instance.auth.is_away = True
    instance.start()
    assert instance.issued.bearer_of(signed(), "").customer == "ada"
    with pytest.raises(BadTokenError, match="revoked"):
        instance.issued.bearer_of(signed(jti="stolen"), "")
    assert "auth is silent" in str(instance.issued.trouble)


def test_a_spoilt_file_is_as_good_as_none(instance: Instance) -> None:
    instance.file.write_text("{")
    instance.start()
    assert instance.issued.must_leave


def test_a_token_from_elsewhere_is_told_of_once_and_not_lost_while_auth_is_away(
    instance: Instance,
) -> None:
    instance.poll()
    instance.issued.bearer_of(signed(), "10.0.0.1")
    for _ in range(3):
        instance.issued.bearer_of(signed(), "10.9.9.9")
    instance.auth.is_away = True
    instance.poll()
    instance.auth.is_away = False
    instance.poll()
    instance.poll()
    reported = [asked["elsewhere"] for asked in instance.auth.asked]
    seen = {"token": "t1", "customer": "ada", "source": "10.9.9.9"}
    assert reported == [[], [seen], []]
    assert instance.auth.asked[-1]["version"] == "v1"


@pytest.mark.parametrize("text", ["[]", "{}", '{"keys": []}', b"\xff", '{"keys": {"a": 1}}'])
def test_what_makes_no_sense_is_no_word(text: str | bytes) -> None:
    with pytest.raises(NoWordError):
        Word.read(text)


def test_judging_takes_no_time_that_a_customer_could_feel(instance: Instance) -> None:
    instance.poll()
    token = signed()
    began = time.process_time()
    for _ in range(100):
        instance.issued.bearer_of(token, "")
    assert time.process_time() - began < 1
