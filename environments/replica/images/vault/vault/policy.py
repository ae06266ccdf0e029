"""Who may have which secret, in which file, and be certified under which names."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .memory import AUDITOR, LOGIN, MONITOR, REPLICATION, SUPERUSER, TOKEN_KEY, Memory, Secret
from .scram import verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOGIN_FILE = "orders-login.json"
PASSWORD_FILES = {
    "superuser.json": SUPERUSER,
    "replication.json": REPLICATION,
    LOGIN_FILE: LOGIN,
    "auditor.json": AUDITOR,
}
# A database is told what it keeps of a password, and not the password.
VERIFIED = (LOGIN, MONITOR, AUDITOR)
_VERIFIERS = "verifiers.json"
_PGPASS = "pgpass"
_TOKEN_KEY = "token-key"  # noqa: S105 - its name


@dataclass(frozen=True, slots=True)
class Grants:
    """What one node may have: ``certificates`` are kinds of them, with the names in each."""

    files: tuple[str, ...]
    certificates: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Policy:
    grants: Mapping[str, Grants]

    @classmethod
    def read(cls, text: str) -> Policy:
        return cls(
            {
                node: Grants(
                    tuple(told["files"]),
                    {kind: tuple(names) for kind, names in told["certificates"].items()},
                )
                for node, told in json.loads(text).items()
            }
        )

    def readers_of(self, name: str) -> frozenset[str]:
        """Name the nodes that have this secret in a file, or certificates of this kind."""
        return frozenset(
            node
            for node, grants in self.grants.items()
            if name in grants.certificates or any(name in within(file) for file in grants.files)
        )


def within(file: str) -> frozenset[str]:
    """Name the secrets that a file has; a verifier is none, and is used once."""
    if file in PASSWORD_FILES:
        return frozenset({PASSWORD_FILES[file]})
    if file == _PGPASS:
        return frozenset({SUPERUSER})
    if file == _TOKEN_KEY:
        return frozenset({TOKEN_KEY})
    return frozenset()


class Files:
    """What the files say now; verifiers are made once for each version of a secret."""

    def __init__(self, memory: Memory, make: Callable[[str], str] = verifier) -> None:
        self._memory = memory
        self._make = make
        self._made: dict[tuple[str, int], str] = {}

    def content(self, file: str) -> str:
        if file == _VERIFIERS:
            secrets = (self._memory.secret(name) for name in VERIFIED)
            return json.dumps({one.value["user"]: self._verifier(one) for one in secrets})
        if file == _PGPASS:
            value = self._memory.secret(SUPERUSER).value
            return f"*:*:*:{value['user']}:{value['password']}\n"
        if file == _TOKEN_KEY:
            return str(self._memory.secret(TOKEN_KEY).value["key"])
        return json.dumps(self._memory.secret(PASSWORD_FILES[file]).value)

    def _verifier(self, secret: Secret) -> str:
        key = secret.value["user"], secret.version
        if key not in self._made:
            self._made[key] = self._make(secret.value["password"])
        return self._made[key]


def document(node: str, grants: Grants, memory: Memory, files: Files) -> Mapping[str, Any]:
    """Give all that a node is to have now; ``mark`` is another one when that is."""
    told = {
        "files": {file: files.content(file) for file in grants.files},
        "certificates": {
            kind: {"names": names, "generation": memory.lifetime(kind).generation_of(node)}
            for kind, names in grants.certificates.items()
        },
    }
    content = json.dumps(told, sort_keys=True).encode()
    return {**told, "version": memory.version, "mark": hashlib.sha256(content).hexdigest()}
