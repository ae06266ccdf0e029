"""We believe that a document says what its signer signed, or nothing at all."""

from __future__ import annotations

import hashlib
import json

import pytest
from configuration.document import (
    Document,
    Signer,
    UntrustedError,
    Verifier,
    read_unverified,
)

from environments.replica.configurator_nodes import public_key
from tests.unit.configuration.configurations import SEED, STANDARD

SIGNER = Signer.of(SEED)
SEVENTH = Document(7, STANDARD.encode())
RAW = SIGNER.sign(SEVENTH)


def changed(about: dict[str, object], content: bytes = SEVENTH.content) -> bytes:
    line = json.loads(RAW.partition(b"\n")[0]) | about
    return json.dumps(line).encode() + b"\n" + content


def test_what_was_signed_is_read_back() -> None:
    assert SIGNER.verifier.open(RAW) == SEVENTH
    assert Verifier.of(public_key(SEED)).open(RAW) == SEVENTH
    assert SEVENTH.sha256 == hashlib.sha256(STANDARD.encode()).hexdigest()


def test_a_content_that_was_changed_is_not_what_its_hash_says() -> None:
    with pytest.raises(UntrustedError, match="not what its hash says"):
        SIGNER.verifier.open(RAW.replace(b"most_in_work = 32", b"most_in_work = 1"))


def test_a_hash_that_was_mended_does_not_help_whoever_cannot_sign() -> None:
    content = SEVENTH.content.replace(b"most_in_work = 32", b"most_in_work = 1")
    forged = changed({"sha256": hashlib.sha256(content).hexdigest()}, content)
    assert read_unverified(forged)[0].content == content
    with pytest.raises(UntrustedError, match="signature is not the configurator's"):
        SIGNER.verifier.open(forged)


def test_a_content_cannot_be_served_again_as_a_newer_version() -> None:
    with pytest.raises(UntrustedError, match="signature is not the configurator's"):
        SIGNER.verifier.open(changed({"version": 8}))


def test_another_signer_is_not_trusted() -> None:
    with pytest.raises(UntrustedError, match="signature is not the configurator's"):
        SIGNER.verifier.open(Signer.of("ab" * 32).sign(SEVENTH))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"{}\nx",
        b"[]\nx",
        b"[" * 5000,
        b"\xff\n",
        changed({"version": 0}),
        changed({"version": True}),
        changed({"version": "7"}),
        changed({"version": 2**63}),
        changed({"signature": None}),
        changed({"signature": "?"}),
        changed({"extra": 1}),
    ],
)
def test_what_is_no_document_is_not_trusted(raw: bytes) -> None:
    with pytest.raises(UntrustedError):
        SIGNER.verifier.open(raw)
