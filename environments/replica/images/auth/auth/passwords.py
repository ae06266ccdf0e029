"""Customers' passwords: nobody keeps them, only what shows that one is right (RFC 7914)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

# What scrypt's author recommends for a login that a person waits for: 40 ms and 16 MB.
COST, BLOCK_SIZE, PARALLEL = 2**14, 8, 1
_SALT_BYTES = 16
_MOST_MEMORY = 64 << 20


@dataclass(frozen=True, slots=True)
class Hasher:
    """Makes and checks hashes; ``cost`` is a power of two."""

    cost: int = COST

    def hash(self, password: str) -> str:
        """Give the cost, a salt of its own and the hash, as text."""
        salt = secrets.token_bytes(_SALT_BYTES)
        return f"{self.cost}${_text(salt)}${_text(_derive(password, salt, self.cost))}"

    def is_right(self, password: str, hashed: str | None) -> bool:
        """Whether this is the password; of nobody's it is checked for as long, in vain.

        Otherwise the time that an answer takes would say which customers there are.
        """
        cost, salt, digest = (hashed or _NOBODYS[self.cost]).split("$")
        found = _derive(password, base64.b64decode(salt), int(cost))
        return hmac.compare_digest(found, base64.b64decode(digest))


def _derive(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=BLOCK_SIZE, p=PARALLEL, maxmem=_MOST_MEMORY
    )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


class _Nobodys(dict[int, str]):
    """A hash of what nobody knows, for each cost."""

    def __missing__(self, cost: int) -> str:
        self[cost] = Hasher(cost).hash(secrets.token_hex())
        return self[cost]


_NOBODYS = _Nobodys()
