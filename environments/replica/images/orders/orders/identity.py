"""Tokens that the auth service issued, judged here by what it told last.

It is asked twice a second for its public keys and for what it took back. While it is away, what
it told last holds: who is logged in goes on ordering, whatever becomes of the one door that
everybody came in by. The last word is on disk too, for an instance that starts meanwhile.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from . import telemetry
from .tokens import BadTokenError, Bearer, NoTimeYetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from .clocks import Judge

ALGORITHM = "EdDSA"
ASK_EVERY_SECONDS = 0.5
ANSWER_SECONDS = 1.0
OLD_SECONDS = 5.0  # by then people should know that nothing can be taken back
MOST_SEEN = 1000  # tokens shown from elsewhere that the service is still to hear of
_CLAIMS = ["sub", "jti", "iat", "exp", "from"]


class NoWordError(Exception):
    """What the auth service told makes no sense; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Word:
    """What the auth service told: which keys to believe, and what was taken back."""

    keys: Mapping[str, Ed25519PublicKey]
    only: Mapping[str, frozenset[str]]  # of a key that signs no more: the tokens that it signed
    revoked_tokens: frozenset[str]
    revoked_customers: Mapping[str, float]  # what was issued to them until then
    version: str

    @classmethod
    def read(cls, text: str | bytes) -> Word:
        """Read it.

        Raises:
            NoWordError: it is not what the auth service tells.
        """
        try:
            told = json.loads(text)
            return cls(
                keys={id_: _public_key(x) for id_, x in told["keys"].items()},
                only={str(id_): frozenset(map(str, ids)) for id_, ids in told["only"].items()},
                revoked_tokens=frozenset(map(str, told["revoked_tokens"])),
                revoked_customers={
                    str(name): float(at) for name, at in told["revoked_customers"].items()
                },
                version=str(told["version"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise NoWordError(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class Seen:
    """A token that was shown from another place than it was issued to."""

    token: str
    customer: str
    source: str


@dataclass(slots=True)
class Issued:
    """Looks at tokens that were issued elsewhere; ``judge`` says what time it is.

    ``must_leave`` until the auth service was heard of: nobody's token can be judged before.
    ``needs_auth`` is the mistake of leaving for its silence as well, with all the others.
    """

    judge: Judge
    steady: Callable[[], float] = time.monotonic
    needs_auth: bool = False
    word: Word | None = field(default=None, init=False)
    _heard_at: float = field(default=float("-inf"), init=False)
    _seen: deque[Seen] = field(default_factory=lambda: deque(maxlen=MOST_SEEN), init=False)
    _reported: dict[str, None] = field(default_factory=dict, init=False)

    def hear(self, word: Word) -> None:
        self.word, self._heard_at = word, self.steady()

    def remember(self, word: Word) -> None:
        """Take what was told to another process, some time ago."""
        self.word = word

    @property
    def _is_silent(self) -> bool:
        return self.steady() - self._heard_at > OLD_SECONDS

    @property
    def must_leave(self) -> bool:
        return self.word is None or (self.needs_auth and self._is_silent)

    @property
    def trouble(self) -> str | None:
        if self.word is None:
            return "auth has not told its keys yet"
        if self._is_silent:
            return "auth is silent: tokens are judged by what it told last"
        return None

    def bearer_of(self, token: str, source: str) -> Bearer:
        """Give whose token it is.

        Raises:
            BadTokenError: it has expired, was taken back, or was not issued by our auth.
            NoTimeYetError: what time it is, or what was taken back, is not known.
        """
        now = self.judge.now()
        if self.word is None or now is None:
            raise NoTimeYetError
        claims = _claims(token, self.word)
        customer, token_id = str(claims["sub"]), str(claims["jti"])
        if now >= claims["exp"]:
            raise BadTokenError("this token has expired")
        taken_back = self.word.revoked_customers.get(customer, float("-inf"))
        if token_id in self.word.revoked_tokens or claims["iat"] <= taken_back:
            raise BadTokenError("this token was revoked")
        if source not in {"", claims["from"]}:
            self._note(Seen(token_id, customer, source))
        return Bearer(customer, token_id)

    def take_seen(self) -> Sequence[Seen]:
        """Give what is to be reported; ``put_back`` where nobody heard it."""
        seen = list(self._seen)
        self._seen.clear()
        return seen

    def put_back(self, seen: Sequence[Seen]) -> None:
        self._seen.extendleft(reversed(seen))

    def _note(self, seen: Seen) -> None:
        """Report each token once; of many, those of long ago are forgotten first."""
        if seen.token in self._reported:
            return
        self._reported[seen.token] = None
        if len(self._reported) > MOST_SEEN:
            del self._reported[next(iter(self._reported))]
        self._seen.append(seen)
        telemetry.warn("token used elsewhere", token=seen.token, source=seen.source)


@dataclass(frozen=True, slots=True)
class AuthService:
    """Asks the auth service; ``file`` keeps its last word."""

    client: httpx.AsyncClient
    name: str  # of this instance
    issued: Issued
    file: Path

    def start(self) -> None:
        """Begin with what an earlier process of this instance was told, if anything."""
        try:
            self.issued.remember(Word.read(self.file.read_bytes()))
        except (OSError, NoWordError):
            return

    async def keep_asking(self) -> None:
        """Ask for ever; what makes no sense changes nothing."""
        async with self.client:
            while True:
                await self.ask()
                await asyncio.sleep(ASK_EVERY_SECONDS)

    async def ask(self) -> None:
        """Ask once, and tell what was seen."""
        seen, word = self.issued.take_seen(), self.issued.word
        asked = {
            "name": self.name,
            "version": word.version if word else "",
            "elsewhere": [
                {"token": one.token, "customer": one.customer, "source": one.source}
                for one in seen
            ],
        }
        try:
            answer = await self.client.post("/verification", json=asked, timeout=ANSWER_SECONDS)
            told = Word.read(answer.raise_for_status().content)
        except httpx.HTTPError:
            self.issued.put_back(seen)
        except NoWordError as error:
            telemetry.warn("auth says what makes no sense", cause=str(error))
        else:
            self.issued.hear(told)
            if word is None or told.version != word.version:
                self._keep(answer.content)

    def _keep(self, content: bytes) -> None:
        unfinished = self.file.with_suffix(".part")
        try:
            unfinished.write_bytes(content)
            unfinished.replace(self.file)
        except OSError as error:
            telemetry.warn("what auth told is not on disk", cause=str(error))


def _claims(token: str, word: Word) -> dict[str, Any]:
    try:
        key_id = jwt.get_unverified_header(token)["kid"]
        key = word.keys[key_id]
        # Expiry is ours to judge, and so is a time of issue that a slow clock thinks to come.
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
        )
    except (KeyError, jwt.InvalidTokenError) as error:
        raise BadTokenError("this token was not issued here") from error
    if claims["jti"] not in word.only.get(key_id, {claims["jti"]}):
        raise BadTokenError("this token was not issued here")
    return claims


def _public_key(x: str) -> Ed25519PublicKey:
    padding = "=" * (-len(x) % 4)
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + padding))
