"""What the vault remembers: every secret and its version. On its disk it is sealed.

The key that it is sealed with is on the same node, as a host's would be in its security module:
whoever has the disk alone, a backup of it for one, has nothing.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SUPERUSER, REPLICATION = "database-superuser", "database-replication"
MONITOR, AUDITOR = "database-monitor", "database-auditor"
LOGIN = "orders-login"
TOKEN_KEY = "token-key"  # noqa: S105 - its name
CERTIFICATES = ("identity", "server")  # each node has one of its own
PASSWORDS = {
    SUPERUSER: "postgres",
    REPLICATION: "replicator",
    MONITOR: "monitor",
    AUDITOR: "auditor",
}
LOGINS = ("orders_a", "orders_b")
CERTIFICATE_SECONDS = 24 * 3600


def new_password() -> str:
    return secrets.token_hex()


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret: ``candidate`` is what is being made the next value, if anything is.

    ``ending`` is a role that is still to be shut out since it became this.
    """

    value: Mapping[str, Any] = field(repr=False)
    version: int = 1
    changed_at: float = 0.0  # seconds since 1970
    candidate: Mapping[str, Any] | None = field(default=None, repr=False)
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Of all certificates of one kind: a new ``generation`` has every node renew its own.

    ``of_nodes`` has, of nodes that were told apart, how often, and the seconds of theirs.
    """

    generation: int = 1
    seconds: int = CERTIFICATE_SECONDS
    changed_at: float = 0.0
    of_nodes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def generation_of(self, node: str) -> str:
        times, _ = self.of_nodes.get(node, (0, 0))
        return f"{self.generation}.{times}"

    def seconds_of(self, node: str) -> int:
        _, seconds = self.of_nodes.get(node, (0, self.seconds))
        return seconds


def new_secrets(now: float) -> dict[str, Secret]:
    """Make everything that a world begins with."""
    passwords = {
        name: {"user": user, "password": new_password()} for name, user in PASSWORDS.items()
    }
    first: dict[str, Mapping[str, Any]] = {
        **passwords,
        LOGIN: {"user": LOGINS[0], "password": new_password()},
        TOKEN_KEY: {"key": new_password()},
    }
    return {name: Secret(value, changed_at=now) for name, value in first.items()}


class Memory:
    """Every change is on the disk, sealed, before anybody hears of it.

    ``version`` rises with each of them; ``changed`` tells whoever waits for that.
    """

    def __init__(self, file: Path, seal: bytes, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._seal = Fernet(seal)
        self._clock = clock
        self.changed = threading.Condition()
        self.version = 1
        self._secrets: dict[str, Secret] = {}
        self._lifetimes = {name: Lifetime(changed_at=clock()) for name in CERTIFICATES}
        # node -> the serial numbers of its identity, and of the next one until that is shown
        self._identities: dict[str, tuple[str, str]] = {}
        if file.exists():
            self._read()
        else:
            self._secrets = new_secrets(clock())
            self._write()

    def secret(self, name: str) -> Secret:
        return self._secrets[name]

    def lifetime(self, name: str) -> Lifetime:
        return self._lifetimes[name]

    def names(self) -> tuple[str, ...]:
        return (*self._secrets, *self._lifetimes)

    def prepare(self, name: str, candidate: Mapping[str, Any]) -> Mapping[str, Any]:
        """Remember what is to be the next value; one that was left half-way is it."""
        with self.changed:
            secret = self._secrets[name]
            if secret.candidate is None:
                self._secrets[name] = replace(secret, candidate=candidate)
                self._write()
            return self._secrets[name].candidate or candidate

    def take(self, name: str, value: Mapping[str, Any], *, ending: str = "") -> int:
        """Make this the value; give the memory's version since."""
        with self.changed:
            version = self._secrets[name].version + 1
            self._secrets[name] = Secret(value, version, self._clock(), ending=ending)
            return self._note()

    def ended(self, name: str) -> None:
        """Remember that nothing of before is left to be shut out."""
        with self.changed:
            self._secrets[name] = replace(self._secrets[name], ending="")
            self._write()

    def renew(self, name: str) -> int:
        """Have all certificates of one kind renewed."""
        with self.changed:
            old = self._lifetimes[name]
            self._lifetimes[name] = replace(
                old, generation=old.generation + 1, changed_at=self._clock()
            )
            return self._note()

    def renew_of(self, node: str, name: str, seconds: int) -> int:
        """Have one node's renewed, which is good for so many seconds from now on."""
        with self.changed:
            old = self._lifetimes[name]
            times, _ = old.of_nodes.get(node, (0, 0))
            of_nodes = {**old.of_nodes, node: (times + 1, seconds)}
            self._lifetimes[name] = replace(old, of_nodes=of_nodes)
            return self._note()

    def expect(self, node: str, serial: str) -> None:
        """Remember the identity that a node was given; once that is shown, no other counts."""
        with self.changed:
            shown, _ = self._identities.get(node, ("", ""))
            self._identities[node] = shown, serial
            self._write()

    def admits(self, node: str, serial: str) -> bool:
        """Whether that is the node's identity, and not one of before."""
        with self.changed:
            shown, next_one = self._identities.get(node, ("", ""))
            if serial == next_one:
                self._identities[node] = serial, ""
                self._write()
                return True
            return serial == shown

    def _note(self) -> int:
        self.version += 1
        self._write()
        self.changed.notify_all()
        return self.version

    def _write(self) -> None:
        told = {
            "version": self.version,
            "secrets": {name: asdict(secret) for name, secret in self._secrets.items()},
            "lifetimes": {name: asdict(one) for name, one in self._lifetimes.items()},
            "identities": self._identities,
        }
        new = self._file.with_suffix(".new")
        new.write_bytes(self._seal.encrypt(json.dumps(told).encode()))
        new.replace(self._file)

    def _read(self) -> None:
        told = json.loads(self._seal.decrypt(self._file.read_bytes()))
        self.version = told["version"]
        self._secrets = {name: Secret(**one) for name, one in told["secrets"].items()}
        self._lifetimes = {name: Lifetime(**one) for name, one in told["lifetimes"].items()}
        self._identities = {node: (one[0], one[1]) for node, one in told["identities"].items()}
