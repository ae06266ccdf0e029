"""We believe that the vault forgets nothing, and that its disk alone tells nobody anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet, InvalidToken

from environments.replica.images.vault.vault.memory import (
    LOGIN,
    SUPERUSER,
    TOKEN_KEY,
    Memory,
    new_password,
)

if TYPE_CHECKING:
    from pathlib import Path

SEAL = Fernet.generate_key()


def values(memory: Memory) -> dict[str, object]:
    return {name: memory.secret(name).value for name in (SUPERUSER, LOGIN, TOKEN_KEY)}


def test_what_it_remembers_outlives_a_restart(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory", SEAL)
    memory.take(LOGIN, {"user": "orders_b", "password": "second"}, ending="orders_a")
    memory.prepare(SUPERUSER, {"user": "postgres", "password": "next"})
    memory.renew("server")
    memory.renew_of("east-db-1", "server", 60)
    memory.expect("east-db-1", "17")
    again = Memory(tmp_path / "memory", SEAL)
    assert values(again) == values(memory)
    assert again.version == memory.version
    assert (again.secret(LOGIN).ending, again.secret(LOGIN).version) == ("orders_a", 2)
    assert again.prepare(SUPERUSER, {"password": "other"})["password"] == "next"  # noqa: S105 - of this test
    server = again.lifetime("server")
    assert (server.seconds_of("east-db-1"), server.seconds_of("east-db-2")) == (60, 86400)
    assert server.generation_of("east-db-1") != server.generation_of("east-db-2")
    assert again.admits("east-db-1", "17")


def test_its_disk_has_no_secret_in_clear_and_opens_with_its_seal_alone(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory", SEAL)
    kept = (tmp_path / "memory").read_bytes()
    for name in (SUPERUSER, LOGIN):
        assert str(memory.secret(name).value["password"]).encode() not in kept
    assert b"postgres" not in kept
    with pytest.raises(InvalidToken):
        Memory(tmp_path / "memory", Fernet.generate_key())


def test_secrets_are_new_in_each_world_and_never_shown(tmp_path: Path) -> None:
    one, other = (Memory(tmp_path / name, SEAL) for name in ("one", "other"))
    assert values(one) != values(other)
    assert str(one.secret(LOGIN).value["password"]) not in repr(one.secret(LOGIN))
    assert len(new_password()) == 64


def test_an_identity_counts_until_the_next_one_was_shown(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory", SEAL)
    assert not memory.admits("bastion", "1"), "it never gave one"
    memory.expect("bastion", "1")
    assert memory.admits("bastion", "1")
    memory.expect("bastion", "2")
    assert memory.admits("bastion", "1"), "the node has not come with the next one yet"
    assert memory.admits("bastion", "2")
    assert not memory.admits("bastion", "1")
    assert not memory.admits("east-app-1", "2"), "it is somebody else's"
