"""We believe that a certificate is good for its own name, under its own authority, alone."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from environments.replica.certificates import Authority, Certificate

if TYPE_CHECKING:
    from pathlib import Path

OURS, THEIRS = Authority(), Authority()


def context(
    folder: Path, purpose: ssl.Purpose, trusted: Authority, shown: Certificate | None
) -> ssl.SSLContext:
    made = ssl.create_default_context(purpose, cadata=trusted.pem)
    if shown is not None:
        made.load_cert_chain(
            written(folder / f"{purpose.name}.pem", shown.pem),
            written(folder / f"{purpose.name}-key.pem", shown.key),
        )
    return made


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """Let them meet in memory, and give the server's side, which asks for a certificate."""
    server.verify_mode = ssl.CERT_REQUIRED
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    calling = client.wrap_bio(down, up, server_hostname=name)
    called = server.wrap_bio(up, down, server_side=True)
    waiting = [calling, called]
    for _ in range(10):
        waiting = [side for side in waiting if wants_more(side)]
    assert not waiting
    return called


def wants_more(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return True
    return False


def meet(folder: Path, *, server: Certificate, client: Certificate | None) -> ssl.SSLObject:
    """Let a client that looks for ``east-backup`` call; both trust our authority alone."""
    return shake_hands(
        context(folder, ssl.Purpose.CLIENT_AUTH, OURS, server),
        context(folder, ssl.Purpose.SERVER_AUTH, OURS, client),
        "east-backup",
    )


def test_both_sides_know_each_other_by_their_names(tmp_path: Path) -> None:
    called = meet(tmp_path, server=OURS.issue("east-backup"), client=OURS.issue("east-db-1"))
    certificate = called.getpeercert()
    assert certificate is not None
    # pgBackRest goes by a client's common name.
    assert (("commonName", "east-db-1"),) in certificate["subject"]
    assert certificate["subjectAltName"] == (("DNS", "east-db-1"),)


def test_a_server_of_another_name_is_not_believed(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        meet(tmp_path, server=OURS.issue("west-backup"), client=OURS.issue("east-db-1"))


def test_a_server_of_another_authority_is_not_believed(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        meet(tmp_path, server=THEIRS.issue("east-backup"), client=OURS.issue("east-db-1"))


@pytest.mark.parametrize(
    ("client", "why"),
    [
        (None, "peer did not return a certificate"),
        (THEIRS.issue("east-db-1"), "unable to get local issuer"),
    ],
    ids=["none", "of another authority"],
)
def test_a_client_without_our_certificate_is_refused(
    tmp_path: Path, client: Certificate | None, why: str
) -> None:
    with pytest.raises(ssl.SSLError, match=why):
        meet(tmp_path, server=OURS.issue("east-backup"), client=client)


def test_keys_are_never_shown() -> None:
    certificate = OURS.issue("east-db-1")
    assert "PRIVATE KEY" in certificate.key
    for shown in (repr(certificate), repr(OURS), OURS.pem, certificate.pem):
        assert "PRIVATE KEY" not in shown


def test_no_key_is_issued_twice() -> None:
    assert OURS.issue("east-db-1").key != OURS.issue("east-db-1").key
