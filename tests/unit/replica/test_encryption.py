"""We believe that a secured replica shows good certificates, and hides their keys."""

from __future__ import annotations

import json

import pytest
from cryptography import x509

from environments.replica.composing import compose
from environments.replica.encryption import EDGE_FILE
from environments.replica.topology import NodeSpec, Passwords, Role, Settings

PASSWORDS = Passwords()
SECURED = compose(Settings(secured=True), PASSWORDS)


def of(role: Role) -> NodeSpec:
    return next(node for node in SECURED.nodes if node.role is role)


def names_in(pem: str) -> set[str]:
    certificate = x509.load_pem_x509_certificates(pem.encode())[0]
    certificate.verify_directly_issued_by(
        x509.load_pem_x509_certificate(PASSWORDS.authority.pem.encode())
    )
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def test_a_database_is_believed_by_every_name_that_it_is_reached_by() -> None:
    """The vault certifies it for these names."""
    policy = json.loads(of(Role.VAULT).files["/etc/muster/identity/policy.json"])
    for node in (node for node in SECURED.nodes if node.role is Role.DB):
        assert set(policy[node.name]["certificates"]["server"]) == {
            node.name, "links", "east-db-router", "localhost", "127.0.0.1",
        }  # fmt: skip


def test_customers_come_in_by_https_alone() -> None:
    edge = of(Role.EDGE)
    assert names_in(edge.files[EDGE_FILE]) == {"east-edge", "127.0.0.1"}
    assert edge.ports == (8443, 8404)
    assert edge.environment["SECURED"] == "on"
    assert of(Role.BASTION).environment["EDGE"] == "https://east-edge:8443"


@pytest.mark.parametrize("role", [Role.APP, Role.AUDIT, Role.BASTION, Role.DB])
def test_whoever_calls_a_database_verifies_it(role: Role) -> None:
    node = of(role)
    trusted = {value for name, value in node.environment.items() if "ROOTCERT" in name}
    trusted |= {node.environment.get("DATABASE_AUTHORITY", "")} - {""}
    assert {node.files[path] for path in trusted} == {SECURED.authority}
    modes = {value for name, value in node.environment.items() if "SSLMODE" in name}
    assert modes <= {"verify-full"}


def test_no_key_is_in_a_variable_or_shown() -> None:
    assert all("PRIVATE KEY" not in str(node.environment) for node in SECURED.nodes)
    assert "PRIVATE KEY" not in repr(SECURED)


def test_a_replica_that_is_not_secured_shows_nothing() -> None:
    usual = compose(Settings(), PASSWORDS)
    assert not usual.authority
    assert not any(node.files for node in usual.nodes)
    assert not any("TLS" in node.environment for node in usual.nodes)
