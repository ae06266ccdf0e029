"""We believe that people are told what was done, and that a mistyped name does nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from cryptography.fernet import Fernet

from environments.replica.images.vault.vault.memory import Memory
from environments.replica.images.vault.vault.operators import Commands, ask, serve
from environments.replica.images.vault.vault.policy import Grants, Policy
from environments.replica.images.vault.vault.readers import Nodes
from environments.replica.images.vault.vault.rotation import NotRotatedError, Rotation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = Policy(
    {
        "east-app-1": Grants(("orders-login.json",), {"identity": ("east-app-1",)}),
        "east-edge": Grants((), {"server": ("east-edge",)}),
    }
)


@dataclass
class Deeds:
    """Stands for the rotation; ``fails`` says why it cannot."""

    fails: str = ""
    done: list[tuple[str, ...]] = field(default_factory=list)

    def of(self, say: Callable[[str], None]) -> Rotation:
        say("beginning")
        return cast("Rotation", self)

    def _do(self, *deed: str) -> None:
        if self.fails:
            raise NotRotatedError(self.fails)
        self.done.append(deed)

    def rotate(self, name: str) -> None:
        self._do("rotate", name)

    def revoke(self, name: str) -> None:
        self._do("revoke", name)

    def issue(self, node: str, kind: str, seconds: int) -> None:
        self._do("issue", node, kind, str(seconds))


@pytest.fixture
def deeds() -> Deeds:
    return Deeds()


@pytest.fixture
def run(tmp_path: Path, deeds: Deeds) -> Callable[..., tuple[int, str]]:
    """Give what runs a command over a real socket: its exit code, and what was said."""
    memory = Memory(tmp_path / "memory", Fernet.generate_key())
    serve(Commands(memory, POLICY, Nodes(POLICY), deeds.of), tmp_path / "socket")

    def run(*words: str) -> tuple[int, str]:
        said: list[str] = []
        return ask(words, said.append, tmp_path / "socket"), "\n".join(said)

    return run


def test_each_secret_is_listed_with_who_has_it(run: Callable[..., tuple[int, str]]) -> None:
    code, said = run("list")
    assert code == 0
    (login,) = [line for line in said.splitlines() if line.startswith("orders-login ")]
    assert login.split()[1] == "1"
    assert login.endswith("east-app-1")
    assert run() == (0, said)


def test_commands_do_what_they_say(run: Callable[..., tuple[int, str]], deeds: Deeds) -> None:
    assert run("rotate", "orders-login") == (0, "beginning\norders-login was rotated")
    assert run("revoke", "token-key") == (0, "beginning\ntoken-key was revoked")
    assert run("issue", "east-edge", "60")[0] == 0
    assert deeds.done == [
        ("rotate", "orders-login"), ("revoke", "token-key"),
        ("issue", "east-edge", "server", "60"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("rotate",),
        ("rotate", "nonsense"),
        ("issue", "east-app-1", "60"),
        ("issue", "east-edge", "soon"),
        ("steal", "orders-login"),
    ],
)
def test_what_is_mistyped_does_nothing_and_says_so(
    words: tuple[str, ...], run: Callable[..., tuple[int, str]], deeds: Deeds
) -> None:
    code, said = run(*words)
    assert (code, deeds.done) == (2, [])
    assert "no such command, secret or node" in said


def test_what_did_not_come_to_its_end_is_no_success(
    run: Callable[..., tuple[int, str]], deeds: Deeds
) -> None:
    deeds.fails = "east-app-1 did not take it"
    code, said = run("rotate", "orders-login")
    assert code == 1
    assert "orders-login: east-app-1 did not take it" in said
