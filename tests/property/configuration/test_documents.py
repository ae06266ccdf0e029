"""We believe that no change to a document or a configuration is ever taken for another one."""

from __future__ import annotations

from contextlib import suppress

from configuration.document import Document, Signer, UntrustedError
from configuration.schema import ConfigurationError, read_configuration
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.configuration.configurations import SEED, STANDARD

SIGNER = Signer.of(SEED)
DOCUMENTS = st.builds(Document, st.integers(1, 2**63 - 1), st.binary(max_size=300))


@given(DOCUMENTS)
def test_documents_are_read_back(document: Document) -> None:
    assert SIGNER.verifier.open(SIGNER.sign(document)) == document


@given(DOCUMENTS, st.data())
def test_a_document_whose_bytes_were_changed_says_the_same_or_nothing(
    document: Document, data: st.DataObject
) -> None:
    raw = bytearray(SIGNER.sign(document))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with suppress(UntrustedError):
        assert SIGNER.verifier.open(bytes(raw)) == document


@given(DOCUMENTS, DOCUMENTS)
def test_a_signature_is_good_for_nothing_else(one: Document, other: Document) -> None:
    line = SIGNER.sign(one).partition(b"\n")[0]
    with suppress(UntrustedError):
        assert SIGNER.verifier.open(line + b"\n" + other.content).content == one.content


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_document_in_our_own_words(raw: bytes) -> None:
    with suppress(UntrustedError):
        SIGNER.verifier.open(raw)


@given(st.integers(0, len(STANDARD.encode()) - 1), st.binary(max_size=5))
def test_a_configuration_that_was_mangled_is_valid_or_refused_in_our_own_words(
    at: int, inserted: bytes
) -> None:
    content = STANDARD.encode()
    with suppress(ConfigurationError):
        read = read_configuration(content[:at] + inserted + content[at + 1 :], file="new.toml")
        assert 1 <= read.admission.most_in_work <= 512
        assert 0 < read.orders.insert_seconds + read.payments.limit_seconds <= 2.1
