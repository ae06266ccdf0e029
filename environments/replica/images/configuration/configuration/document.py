"""A version of a configuration that somebody vouches for (Ed25519, RFC 8032).

A document is one line of JSON about its content, and then the content itself:

    {"version": 7, "sha256": "…", "signature": "…"}
    [admission]
    …

Instances have the public key alone, so whoever takes one over can sign nothing. The number is
signed as well: what was in force once cannot be served again as if it were newer.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

_KEYS = {"version", "sha256", "signature"}
_LARGEST = 2**63 - 1
_SHORT = 12


class UntrustedError(Exception):
    """Nobody vouches for it, or not as it is; the message is a clause that says why."""


@dataclass(frozen=True, slots=True)
class Document:
    """``version`` rises with every change, one that goes back to an older content included."""

    version: int
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def short(self) -> str:
        """What people call its content by."""
        return self.sha256[:_SHORT]

    @property
    def signed_part(self) -> bytes:
        return b"configuration of orders\n%d\n%s" % (self.version, self.content)


@dataclass(frozen=True, slots=True)
class Signer:
    _key: Ed25519PrivateKey

    @classmethod
    def of(cls, seed: str) -> Signer:
        """Make one of a seed: 32 bytes, in hexadecimal.

        Raises:
            ValueError: it is none.
        """
        return cls(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))

    def sign(self, document: Document) -> bytes:
        about = {
            "version": document.version,
            "sha256": document.sha256,
            "signature": b64encode(self._key.sign(document.signed_part)).decode(),
        }
        return json.dumps(about).encode() + b"\n" + document.content

    @property
    def verifier(self) -> Verifier:
        return Verifier(self._key.public_key())


@dataclass(frozen=True, slots=True)
class Verifier:
    _key: Ed25519PublicKey

    @classmethod
    def of(cls, key: str) -> Verifier:
        """Make one of a public key: 32 bytes, in hexadecimal.

        Raises:
            ValueError: it is none.
        """
        return cls(Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)))

    def open(self, raw: bytes) -> Document:
        """Give what the document says.

        Raises:
            UntrustedError: it is damaged, or not signed by whoever may.
        """
        document, signature = read_unverified(raw)
        try:
            self._key.verify(signature, document.signed_part)
        except InvalidSignature as error:
            raise UntrustedError("its signature is not the configurator's") from error
        return document


def read_unverified(raw: bytes) -> tuple[Document, bytes]:
    """Give what a document says, and the signature, which nobody has looked at.

    Raises:
        UntrustedError: it is damaged.
    """
    line, _, content = raw.partition(b"\n")
    try:
        about = json.loads(line)
        if not isinstance(about, dict) or about.keys() != _KEYS:
            raise UntrustedError("its first line does not say what it is")
        version, signature = about["version"], b64decode(about["signature"], validate=True)
    except (ValueError, TypeError, RecursionError) as error:
        raise UntrustedError("its first line cannot be read") from error
    if type(version) is not int or not 0 < version <= _LARGEST:
        raise UntrustedError("its version is no number of one")
    document = Document(version, content)
    if about["sha256"] != document.sha256:
        raise UntrustedError("its content is not what its hash says")
    return document, signature
