"""The keys that tokens are signed with (Ed25519, RFC 8037), and how one follows another.

A secret of any shape makes a key. A new one is told of first, and signs once everybody who
checks tokens has it; the one before is told of until the last token of its expires, and for
those tokens alone. So nobody is refused because a key was changed, and a copy of it is of no
use any more.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, and what it is called."""

    id: str
    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, secret: str) -> Key:
        """Make the key that this secret always makes."""
        private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(secret.encode()).digest())
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(hashlib.sha256(raw).hexdigest()[:_ID_LENGTH], private)

    @property
    def public(self) -> str:
        """The public key, as RFC 8037 writes its ``x``."""
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(slots=True)
class KeyRing:
    """Which key signs, which is to, and which are still believed.

    ``retired`` has public keys, and until when (seconds since 1970) each is believed.
    """

    signing: Key
    retired: dict[str, tuple[str, float]] = field(default_factory=dict)
    following: Key | None = field(default=None, init=False)

    def announce(self, key: Key) -> None:
        """Tell of a key that is to sign soon; the one that signs already is no news."""
        self.following = None if key.id == self.signing.id else key

    def take_over(self, *, believed_until: float) -> None:
        """Sign with the key that was told of; the one before is believed for so long."""
        if self.following is None:
            return
        self.retired[self.signing.id] = (self.signing.public, believed_until)
        self.signing, self.following = self.following, None
        self.retired.pop(self.signing.id, None)

    def drop_expired(self, now: float) -> None:
        self.retired = {id_: one for id_, one in self.retired.items() if one[1] > now}

    def drop(self, key_id: str) -> bool:
        """Believe a retired key no more; False where there is none of that name."""
        return self.retired.pop(key_id, None) is not None

    def believed(self) -> Mapping[str, str]:
        """Give every public key that tokens may be checked with, by its name."""
        following = [self.following] if self.following else []
        return {
            **{id_: public for id_, (public, _) in self.retired.items()},
            **{key.id: key.public for key in (self.signing, *following)},
        }
