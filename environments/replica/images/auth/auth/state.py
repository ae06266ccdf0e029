"""What must outlive the process: accounts, tokens that were issued, and what was revoked."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MOST_SOURCES = 10  # that an account is remembered to have logged in from


@dataclass(slots=True)
class Account:
    password: str = field(repr=False)  # hashed
    sources: list[str] = field(default_factory=list)  # that it logged in from, latest last

    def knows(self, source: str) -> bool:
        return source in self.sources

    def remember(self, source: str) -> None:
        others = [one for one in self.sources if one != source]
        self.sources = [*others, source][-MOST_SOURCES:]


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was issued; times are seconds since 1970."""

    id: str
    customer: str
    source: str
    issued: float
    expires: float
    key: str  # that it was signed with


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A token that was shown from another place than it was issued to."""

    token: str
    customer: str
    source: str


@dataclass(slots=True)
class State:
    accounts: dict[str, Account] = field(default_factory=dict)
    issued: dict[str, Issued] = field(default_factory=dict)
    revoked_tokens: dict[str, float] = field(default_factory=dict)  # until it expires anyway
    # Of a customer everything is that was issued until then.
    revoked_customers: dict[str, float] = field(default_factory=dict)
    retired_keys: dict[str, tuple[str, float]] = field(default_factory=dict)
    signing_key: tuple[str, str] | None = None  # its name, and the public one
    elsewhere: dict[str, Elsewhere] = field(default_factory=dict)  # by the token's id

    def forget_expired(self, now: float, longest: float) -> None:
        """Drop what says nothing any more: no token is good for longer than ``longest``."""
        self.issued = {id_: one for id_, one in self.issued.items() if one.expires > now}
        self.elsewhere = {id_: one for id_, one in self.elsewhere.items() if id_ in self.issued}
        self.revoked_tokens = {
            id_: until for id_, until in self.revoked_tokens.items() if until > now
        }
        self.revoked_customers = {
            name: at for name, at in self.revoked_customers.items() if at + longest > now
        }


@dataclass(frozen=True, slots=True)
class Store:
    """Keeps the state in one file, which is whole at every moment."""

    path: Path

    def load(self) -> State:
        """Read what was saved; a file that is not there is a service's first start."""
        try:
            found: dict[str, Any] = json.loads(self.path.read_text())
        except FileNotFoundError:
            return State()
        return State(
            accounts={name: Account(**one) for name, one in found["accounts"].items()},
            issued={id_: Issued(**one) for id_, one in found["issued"].items()},
            elsewhere={id_: Elsewhere(**one) for id_, one in found["elsewhere"].items()},
            revoked_tokens=found["revoked_tokens"],
            revoked_customers=found["revoked_customers"],
            signing_key=tuple(found["signing_key"]),
            retired_keys={id_: (x, until) for id_, (x, until) in found["retired_keys"].items()},
        )

    def save(self, state: State) -> None:
        """Have it on disk before anybody is told: what was revoked stays revoked."""
        unfinished = self.path.with_suffix(".part")
        with unfinished.open("w") as file:
            os.fchmod(file.fileno(), 0o600)
            json.dump(asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)
