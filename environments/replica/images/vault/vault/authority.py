"""Certifies keys that were made elsewhere, for the names that policy has for their owner."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLOCK_SLACK = dt.timedelta(minutes=5)
# A certificate of a server lets nobody in here, and an identity is no server's.
PURPOSES = {
    "identity": ExtendedKeyUsageOID.CLIENT_AUTH,
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
}


class NotCertifiedError(Exception):
    """The request is not one that may be granted; the message says why."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Authority:
    chain: str  # its own certificate, as PEM
    _certificate: x509.Certificate
    _key: ec.EllipticCurvePrivateKey = field(repr=False)
    _clock: Callable[[], dt.datetime] = _now

    @classmethod
    def read(cls, chain: str, key: str) -> Authority:
        private = load_pem_private_key(key.encode(), password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is none of an elliptic curve")
        return cls(chain, x509.load_pem_x509_certificate(chain.encode()), private)

    def issued(self, certificate: x509.Certificate) -> bool:
        """Whether it is one of its own; the connection has proven that it is a good one."""
        return certificate.issuer == self._certificate.subject

    def certify(self, request: str, kind: str, names: Sequence[str], seconds: int) -> str:
        """Give a certificate, and the authority's own after it, as PEM.

        Raises:
            NotCertifiedError: the request is none, is not signed by its key, or asks for other
                names than these.
        """
        asked = _read(request)
        if _names(asked) != list(names):
            raise NotCertifiedError(f"it may ask for {', '.join(names)} and nothing else")
        now = self._clock()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
            .issuer_name(self._certificate.subject)
            .public_key(asked.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SLACK)
            .not_valid_after(now + dt.timedelta(seconds=seconds))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]),
                critical=False,
            )
            .add_extension(x509.ExtendedKeyUsage([PURPOSES[kind]]), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, SHA256())
        )
        return certificate.public_bytes(Encoding.PEM).decode() + self.chain


def _read(request: str) -> x509.CertificateSigningRequest:
    try:
        asked = x509.load_pem_x509_csr(request.encode())
    except ValueError as error:
        raise NotCertifiedError("it is no certificate request as PEM") from error
    if not asked.is_signature_valid:
        raise NotCertifiedError("it is not signed by its own key")
    return asked


def _names(asked: x509.CertificateSigningRequest) -> list[str]:
    """Give the common name's owner first, and every other name that is asked for."""
    try:
        extension = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound as error:
        raise NotCertifiedError("it asks for no names") from error
    return [str(name.value) for name in extension.value]


def _general_name(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
