"""Certificates, made anew for each replica: an authority, and one for each node."""

from __future__ import annotations

from dataclasses import dataclass, field

import trustme


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, both as PEM text."""

    pem: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates; its own key never leaves this process."""

    _ca: trustme.CA = field(default_factory=trustme.CA, repr=False)

    @property
    def pem(self) -> str:
        return self._ca.cert_pem.bytes().decode()

    def issue(self, name: str, *others: str) -> Certificate:
        """Issue a certificate for a host of this name, which is its common name as well.

        ``others`` are names and addresses that it is called by, too.
        """
        issued = self._ca.issue_cert(name, *others, common_name=name)
        chain = "".join(blob.bytes().decode() for blob in issued.cert_chain_pems)
        return Certificate(chain, issued.private_key_pem.bytes().decode())

    def deputy(self) -> Certificate:
        """Give what somebody else signs certificates with, in this authority's name."""
        deputy = self._ca.create_child_ca()
        pem, key = deputy.cert_pem.bytes(), deputy.private_key_pem.bytes()
        return Certificate(pem.decode(), key.decode())
