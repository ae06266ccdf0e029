"""Who may come in: logins, tokens, and what was taken back. Nothing here speaks to anybody."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import jwt

from .lockout import Lockout
from .passwords import Hasher
from .state import Account, Elsewhere, Issued, State, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .keys import Key, KeyRing

ALGORITHM = "EdDSA"
HEARD_SECONDS = 3.0  # whoever has not asked for so long checks no tokens now
_ID_BYTES = 8


class LockedOutError(Exception):
    """Nobody looks at the password, for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many failed logins: try again in {seconds:.0f} s")
        self.seconds = seconds


class WrongPasswordError(Exception):
    """The customer or the password is wrong; nobody is told which."""


@dataclass(frozen=True, slots=True)
class Token:
    text: str = field(repr=False)
    issued: Issued


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that people should look at: what it is, whom it is about, and a sentence."""

    signal: str
    subject: str
    says: str


@dataclass(slots=True)
class Checkers:
    """Who checks tokens, and which version of the keys and revocations each has."""

    clock: Callable[[], float] = time.monotonic
    _heard: dict[str, tuple[str, float]] = field(default_factory=dict, init=False)

    def hear(self, name: str, version: str) -> None:
        self._heard[name] = (version, self.clock())

    def have(self, version: str) -> Mapping[str, bool]:
        """Say of each that lives whether it has this version."""
        since = self.clock() - HEARD_SECONDS
        return {name: has == version for name, (has, at) in self._heard.items() if at > since}


@dataclass(slots=True)
class Identity:
    """The whole of it; each change is on disk before it is told of.

    ``checks_passwords`` is apart, since it takes as long as a processor needs for it.
    """

    store: Store
    keys: KeyRing
    token_seconds: float
    hasher: Hasher = field(default_factory=Hasher)
    now: Callable[[], float] = time.time
    sources: Lockout = field(default_factory=Lockout)
    accounts: Lockout = field(default_factory=Lockout)
    checkers: Checkers = field(default_factory=Checkers)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = self.store.load()
        self.keys.retired.update(self.state.retired_keys)
        if self.state.signing_key is not None:  # it may have changed while nobody was here
            id_, public = self.state.signing_key
            self.keys.retired[id_] = (public, self.now() + self.token_seconds)
        self.keys.retired.pop(self.keys.signing.id, None)
        self.save()

    def attempt(self, customer: str, source: str) -> Attempt:
        """Begin an attempt to log in; a password may be looked at for it.

        An account with too many failures is closed to places that it never logged in from:
        whoever attacks it does not lock its customer out.

        Raises:
            LockedOutError: the source, or the account, has failed too often.
        """
        account = self.state.accounts.get(customer)
        is_known = account is not None and account.knows(source)
        counted = [(self.sources, source), *([] if is_known else [(self.accounts, customer)])]
        locks = [(lock, name) for lock, name in counted if lock.seconds_left(name)]
        for lock, name in locks:
            lock.insists(name)
        forgiven = [] if locks else [lock.begin(name) for lock, name in counted]
        left = max(lock.seconds_left(name) for lock, name in counted)
        if left:
            raise LockedOutError(left)
        return Attempt(customer, source, account.password if account else None, forgiven)

    def succeeded(self, attempt: Attempt) -> Token:
        """Let somebody in whose password was right."""
        for forgive in attempt.forgiven:
            forgive()
        self.state.accounts[attempt.customer].remember(attempt.source)
        now = self.now()
        issued = Issued(
            id=secrets.token_hex(_ID_BYTES),
            customer=attempt.customer,
            source=attempt.source,
            issued=now,
            expires=now + self.token_seconds,
            key=self.keys.signing.id,
        )
        self.state.issued[issued.id] = issued
        self.save()
        return Token(signed(issued, self.keys.signing), issued)

    def add_account(self, customer: str, password: str) -> None:
        """Open an account, or give one a new password, which ends what it had before."""
        known = self.state.accounts.get(customer)
        hashed = self.hasher.hash(password)
        if known is None:
            self.state.accounts[customer] = Account(hashed)
            self.save()
        else:
            known.password, known.sources = hashed, []
            self.revoke_customer(customer)

    def revoke_token(self, token_id: str) -> bool:
        """Take one token back; False where nobody knows of it any more."""
        issued = self.state.issued.get(token_id)
        if issued is None:
            return False
        self.state.revoked_tokens[token_id] = issued.expires
        self.save()
        return True

    def revoke_customer(self, customer: str) -> bool:
        """Take every token back that a customer has by now; False where there is no such."""
        if customer not in self.state.accounts:
            return False
        self.state.revoked_customers[customer] = self.now()
        self.save()
        return True

    def tokens(self, **of: str) -> Sequence[tuple[Issued, bool]]:
        """Give the tokens of that ``customer`` or ``source``, and whether each is good.

        Those that have expired are not among them.
        """
        found = [
            one
            for one in self.state.issued.values()
            if all(getattr(one, name) == value for name, value in of.items())
        ]
        return [(one, self._is_good(one)) for one in sorted(found, key=lambda one: one.issued)]

    def note_elsewhere(self, seen: Iterable[Elsewhere]) -> None:
        """Keep what checkers saw, as far as it is news and still matters."""
        known = self.state.elsewhere
        news = [one for one in seen if one.token in self.state.issued.keys() - known.keys()]
        if news:
            known.update({one.token: one for one in news})
            self.save()

    def findings(self) -> Sequence[Finding]:
        """Say what people should look at."""
        locked = [
            Finding("logins fail", who, f"{who} is locked out for too many failed logins")
            for lock in (self.sources, self.accounts)
            for who in lock.locked()
        ]
        stolen = [
            Finding(
                "a token is used elsewhere",
                f"token {issued.id}",
                f"token {issued.id} of {issued.customer}, issued to {issued.source},"
                f" is used from {seen.source}",
            )
            for seen in self.state.elsewhere.values()
            if (issued := self.state.issued.get(seen.token)) and self._is_good(issued)
        ]
        return [*locked, *stolen]

    def verification(self) -> Mapping[str, object]:
        """Give what whoever checks tokens must know, under a version of its own."""
        known = {
            "keys": self.keys.believed(),
            # Whoever has a copy of a key that signs no more issues nothing with it.
            "only": {
                key: sorted(one.id for one in self.state.issued.values() if one.key == key)
                for key in self.keys.retired
            },
            "revoked_tokens": sorted(self.state.revoked_tokens),
            "revoked_customers": self.state.revoked_customers,
        }
        return {**known, "version": _version(known)}

    @property
    def version(self) -> str:
        return str(self.verification()["version"])

    def announce(self, key: Key) -> None:
        """Tell of a key that is to sign soon."""
        self.keys.announce(key)

    def turn(self) -> bool:
        """Do what time brings; True where another key signs from now on."""
        now = self.now()
        longest = self.token_seconds
        self.state.forget_expired(now, longest)
        self.keys.drop_expired(now)
        if self.keys.following is None or not all(self.checkers.have(self.version).values()):
            return False
        self.keys.take_over(believed_until=now + longest)
        self.save()
        return True

    def drop_key(self, key_id: str) -> bool:
        """Believe a key no more that does not sign; what it signed lets nobody in."""
        dropped = self.keys.drop(key_id)
        self.save()
        return dropped

    def save(self) -> None:
        self.state.retired_keys = dict(self.keys.retired)
        self.state.signing_key = (self.keys.signing.id, self.keys.signing.public)
        self.store.save(self.state)

    def _is_good(self, issued: Issued) -> bool:
        taken_back = self.state.revoked_customers.get(issued.customer, float("-inf"))
        return issued.id not in self.state.revoked_tokens and issued.issued > taken_back


@dataclass(frozen=True, slots=True)
class Attempt:
    customer: str
    source: str
    hashed: str | None = field(repr=False)  # None: there is no such customer
    forgiven: Sequence[Callable[[], None]] = field(repr=False)


def signed(issued: Issued, key: Key) -> str:
    """Give the token that says so (RFC 7519), signed with this key."""
    claims = {
        "sub": issued.customer,
        "jti": issued.id,
        "iat": issued.issued,
        "exp": int(issued.expires),
        "from": issued.source,
    }
    return jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.id})


def _version(known: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]
