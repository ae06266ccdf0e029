"""We believe that each node has what it needs of the secrets, and nobody has more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from environments.replica.composing import compose
from environments.replica.images.vault.vault.memory import (
    AUDITOR,
    LOGIN,
    MONITOR,
    REPLICATION,
    SUPERUSER,
    TOKEN_KEY,
    Memory,
)
from environments.replica.images.vault.vault.policy import Files, Policy, document
from environments.replica.topology import Passwords, Role, Settings

if TYPE_CHECKING:
    from pathlib import Path

PASSWORDS = Passwords()
SECURED = compose(Settings(secured=True), PASSWORDS)
BY_NAME = {node.name: node for node in SECURED.nodes}
POLICY = Policy.read(BY_NAME["east-vault"].files["/etc/muster/identity/policy.json"])
# What each node may know; databases know verifiers of more, which let nobody in.
KNOWN = {
    Role.APP: {LOGIN},
    Role.DB: {SUPERUSER, REPLICATION},
    Role.BASTION: {SUPERUSER},
    Role.AUTH: {TOKEN_KEY},
    Role.AUDIT: {AUDITOR},
}


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "memory", Fernet.generate_key())


def test_every_node_is_told_its_secrets_and_no_other(memory: Memory) -> None:
    values = {
        name: str(memory.secret(name).value.get("password") or memory.secret(name).value["key"])
        for name in (SUPERUSER, REPLICATION, MONITOR, AUDITOR, LOGIN, TOKEN_KEY)
    }
    files = Files(memory)
    for node in SECURED.nodes:
        told = (
            json.dumps(document(node.name, POLICY.grants[node.name], memory, files)["files"])
            if node.name in POLICY.grants
            else ""
        )
        known = {name for name, value in values.items() if value in told}
        assert known == KNOWN.get(node.role, set()), node.name


def test_a_node_is_told_anew_when_something_of_its_own_changed_and_only_then(
    memory: Memory,
) -> None:
    files = Files(memory)

    def marks() -> dict[str, str]:
        return {
            node: str(document(node, grants, memory, files)["mark"])
            for node, grants in POLICY.grants.items()
        }

    before = marks()
    memory.take(TOKEN_KEY, {"key": "another"})
    memory.renew_of("east-db-1", "server", 60)
    after = marks()
    assert {node for node in before if before[node] != after[node]} == {
        "east-auth",
        "east-db-1",
    }
    assert POLICY.readers_of(TOKEN_KEY) == {"east-auth"}
    assert POLICY.readers_of("server") == {
        "east-db-1", "east-db-2", "east-db-3", "east-edge",
    }  # fmt: skip


def test_no_secret_of_a_secured_world_is_in_a_variable() -> None:
    hidden = (
        PASSWORDS.superuser, PASSWORDS.replication, PASSWORDS.orders, PASSWORDS.monitor,
        PASSWORDS.token_key,
    )  # fmt: skip
    for node in SECURED.nodes:
        told = json.dumps(dict(node.environment)) + json.dumps(dict(node.files))
        assert not any(secret in told for secret in hidden), node.name
        assert "PRIVATE KEY" not in json.dumps(dict(node.environment)), node.name


def test_who_has_secrets_keeps_them_in_memory_and_says_who_it_is() -> None:
    for name in POLICY.grants:
        node = BY_NAME[name]
        assert "/run/vault" in node.bounds.disks
        assert "/etc/muster/identity/identity.key" in node.files
        assert node.files["/etc/muster/identity/authority.pem"] == PASSWORDS.authority.pem
    unsecured = compose(Settings(), PASSWORDS)
    assert not any(node.files or "SECRETS" in node.environment for node in unsecured.nodes)
    assert Role.VAULT not in {node.role for node in unsecured.nodes}
