"""We believe that a rotation ends nothing in use, and leaves nothing that was copied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from environments.replica.images.vault.vault.databases import DatabaseError
from environments.replica.images.vault.vault.memory import (
    LOGIN,
    LOGINS,
    SUPERUSER,
    TOKEN_KEY,
    Memory,
)
from environments.replica.images.vault.vault.rotation import NotRotatedError, Rotation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclass
class World:
    """Databases, and instances that move over some turns after they were told."""

    memory: Memory
    turns_to_move: int = 3
    moved_to: str = "orders_a"
    never_takes: frozenset[str] = frozenset()
    breaks_at: str = ""
    may_log_in: dict[str, object] = field(default_factory=lambda: {"orders_a": "first"})
    live: dict[str, int] = field(default_factory=lambda: {"orders_a": 27, "orders_b": 0})
    done: list[str] = field(default_factory=list)
    failed_requests: int = 0
    seconds: float = 0.0

    def _note(self, deed: str) -> None:
        if deed.startswith(self.breaks_at) and self.breaks_at:
            raise DatabaseError("the connection broke")
        self.done.append(deed)

    def let_in(self, role: str, verifier: str) -> None:
        self._note(f"let in {role}")
        self.may_log_in[role] = verifier

    def shut_out(self, role: str) -> None:
        self._note(f"shut out {role}")
        self.may_log_in.pop(role, None)

    def end_sessions(self, role: str) -> int:
        self._note(f"end {role}")
        ended = self.live.get(role, 0)
        if role == self.moved_to:
            self.failed_requests += ended
        self.live[role] = 0
        return ended

    def sessions(self, role: str) -> int:
        return self.live.get(role, 0)

    def lets_in(self, role: str, _: str) -> bool:
        return role in self.may_log_in

    def behind(self, name: str, version: int) -> frozenset[str]:
        assert version <= self.memory.version
        return self.never_takes if name else frozenset()

    def not_moved(self, user: str) -> Mapping[str, str]:
        if self.moved_to == user:
            return {}
        return {"east-app-1": f"it logs in as {self.moved_to}"}

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self.turns_to_move -= 1
        wanted = str(self.memory.secret(LOGIN).value["user"])
        if self.turns_to_move <= 0 and wanted in self.may_log_in:
            self.live[self.moved_to], self.live[wanted] = 0, 27
            self.moved_to = wanted


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Memory(tmp_path / "memory", Fernet.generate_key()))


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def rotation(world: World, told: list[str]) -> Rotation:
    def tell(action: str, subject: str, **_: object) -> None:
        told.append(f"{action} {subject}")

    say: Callable[[str], None] = lambda _: None  # noqa: E731 - nobody listens
    return Rotation(world.memory, world, world, say, tell, lambda: world.seconds, world.wait)


def test_the_old_login_ends_once_everybody_moved_over_and_nothing_fails(
    rotation: Rotation, world: World, told: list[str]
) -> None:
    rotation.rotate(LOGIN)
    assert world.done == ["let in orders_b", "shut out orders_a", "end orders_a"]
    assert world.failed_requests == 0
    assert set(world.may_log_in) == {"orders_b"}
    assert world.live["orders_b"] == 27
    rotation.rotate(LOGIN)
    assert set(world.may_log_in) == {"orders_a"}
    assert told == ["rotated orders-login"] * 2
    assert world.memory.secret(LOGIN).version == 3


def test_while_an_instance_stays_behind_nothing_is_ended_and_the_next_try_goes_on(
    rotation: Rotation, world: World, told: list[str]
) -> None:
    world.turns_to_move = 1_000_000
    with pytest.raises(NotRotatedError, match="east-app-1: it logs in as orders_a"):
        rotation.rotate(LOGIN)
    assert set(world.may_log_in) == set(LOGINS)
    password = world.memory.secret(LOGIN).value
    world.turns_to_move = 1
    rotation.rotate(LOGIN)
    assert world.memory.secret(LOGIN).value == password, "it went on, and made no third one"
    assert set(world.may_log_in) == {"orders_b"}
    assert (world.failed_requests, told) == (0, ["rotated orders-login"])


def test_a_database_that_breaks_leaves_all_as_it_was_and_the_same_value_is_tried_again(
    rotation: Rotation, world: World
) -> None:
    world.breaks_at = "let in"
    before = world.memory.secret(LOGIN).value
    with pytest.raises(NotRotatedError, match="nothing was ended"):
        rotation.rotate(LOGIN)
    assert world.memory.secret(LOGIN).value == before
    prepared = world.memory.secret(LOGIN).candidate
    world.breaks_at = ""
    rotation.rotate(LOGIN)
    assert world.memory.secret(LOGIN).value == prepared


def test_revoking_ends_the_login_first_whatever_that_costs(
    rotation: Rotation, world: World, told: list[str]
) -> None:
    rotation.revoke(LOGIN)
    assert world.done[:2] == ["shut out orders_a", "end orders_a"]
    assert world.failed_requests == 27
    assert set(world.may_log_in) == {"orders_b"}
    assert told == ["revoked orders-login"]


def test_revoking_ends_both_logins_where_a_rotation_was_left_half_way(
    rotation: Rotation, world: World
) -> None:
    world.turns_to_move = 1_000_000
    with pytest.raises(NotRotatedError):
        rotation.rotate(LOGIN)
    leaked = world.may_log_in["orders_b"]
    world.turns_to_move = 1
    rotation.revoke(LOGIN)
    assert leaked not in world.may_log_in.values()
    assert len(world.may_log_in) == 1


@pytest.mark.parametrize("name", [SUPERUSER, TOKEN_KEY, "server", "identity"])
def test_a_secret_is_rotated_only_once_everybody_who_uses_it_has_taken_it(
    name: str, rotation: Rotation, world: World, told: list[str]
) -> None:
    world.never_takes = frozenset({"east-db-2"})
    with pytest.raises(NotRotatedError, match=f"east-db-2 did not take the new {name}"):
        rotation.rotate(name)
    assert not told
    world.never_takes = frozenset()
    rotation.rotate(name)
    assert told == [f"rotated {name}"]


def test_one_nodes_certificate_is_waited_for_on_that_node_alone(
    rotation: Rotation, world: World, told: list[str]
) -> None:
    world.never_takes = frozenset({"east-db-2"})
    rotation.issue("east-edge", "server", 60)
    assert told == ["issued server of east-edge"]
    with pytest.raises(NotRotatedError, match="east-db-2 did not take the new server"):
        rotation.issue("east-db-2", "server", 60)


def test_a_password_of_one_role_is_another_one_afterwards(
    rotation: Rotation, world: World
) -> None:
    before = world.memory.secret(SUPERUSER)
    rotation.rotate(SUPERUSER)
    after = world.memory.secret(SUPERUSER)
    assert before.value["password"] != after.value["password"]
    assert (after.version, after.candidate) == (before.version + 1, None)
    assert world.done == ["let in postgres"]
