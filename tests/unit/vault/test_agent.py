"""We believe that the agent has what the vault has, and keeps it while the vault is away."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from environments.replica.images.agent.agent.keeping import Agent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOUR = 3600.0


@dataclass
class FakeVault:
    files: dict[str, str] = field(default_factory=lambda: {"login": "first"})
    generation: str = "1.0"
    version: int = 1
    is_away: bool = False
    issued: list[str] = field(default_factory=list)
    applied: list[int] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        if self.is_away:
            raise ConnectionRefusedError("nobody listens")
        if path == "/applied":
            self.applied.append(body["version"])
            return {}
        if path == "/issue":
            assert method == "POST"
            self.issued.append(body["request"])
            return {"chain": f"chain {len(self.issued)}\n", "seconds": HOUR}
        known, _, wait = path.removeprefix("/files?known=").partition("&wait=")
        self.waits.append(float(wait))
        mark = f"{self.files}{self.generation}"
        if known == mark:
            return None
        certificates = {"server": {"names": ["east-db-1"], "generation": self.generation}}
        return {
            "version": self.version,
            "mark": mark,
            "files": dict(self.files),
            "certificates": certificates,
        }


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Kept:
    vault: FakeVault
    clock: Clock
    folder: Path
    told: list[list[str]]
    agent: Agent

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    vault, clock = FakeVault(), Clock()
    told: list[list[str]] = []
    agent = Agent(vault.ask, lambda changed: told.append([*changed]), tmp_path, clock)
    return Kept(vault, clock, tmp_path, told, agent)


def test_it_writes_what_is_new_for_its_owner_alone_and_says_when_it_has(kept: Kept) -> None:
    kept.agent.turn(listen=0)
    assert kept.read("login") == "first"
    assert stat.S_IMODE((kept.folder / "login").stat().st_mode) == 0o400
    assert kept.read("server.both") == kept.read("server.pem") + kept.read("server.key")
    assert "PRIVATE KEY" in kept.read("server.key")
    assert (kept.told, kept.vault.applied) == ([["login", "server"]], [1])
    kept.agent.turn(listen=0)
    assert (kept.told, kept.vault.applied) == ([["login", "server"]], [1])
    kept.vault.files["login"], kept.vault.version = "second", 2
    kept.agent.turn(listen=0)
    assert kept.read("login") == "second"
    assert (kept.told[1:], kept.vault.applied) == ([["login"]], [1, 2])


def test_a_key_is_made_here_and_another_one_for_each_certificate(kept: Kept) -> None:
    kept.agent.turn(listen=0)
    first = kept.read("server.key")
    assert not any("PRIVATE KEY" in request for request in kept.vault.issued)
    kept.vault.generation = "2.0"
    kept.agent.turn(listen=0)
    assert kept.read("server.key") != first
    assert kept.read("server.pem") == "chain 2\n"


def test_it_renews_a_certificate_when_two_thirds_of_its_time_are_over(kept: Kept) -> None:
    kept.agent.turn(listen=20)
    kept.clock.now += HOUR / 2
    kept.agent.turn(listen=20)
    assert len(kept.vault.issued) == 1
    kept.clock.now += HOUR / 6 - 5
    kept.agent.turn(listen=20)
    assert kept.vault.waits[-1] == pytest.approx(5.0), "it does not listen beyond that time"
    kept.clock.now += 5
    kept.agent.turn(listen=20)
    assert len(kept.vault.issued) == 2


def test_while_the_vault_is_away_everything_stays_as_it_was(kept: Kept) -> None:
    kept.agent.turn(listen=0)
    kept.vault.is_away = True
    with pytest.raises(ConnectionRefusedError):
        kept.agent.turn(listen=0)
    assert kept.read("login") == "first"
    kept.vault.is_away = False
    kept.vault.files["login"] = "second"
    kept.agent.turn(listen=0)
    assert kept.read("login") == "second"


def test_what_could_not_be_taken_whole_is_not_said_to_be(kept: Kept) -> None:
    refusals = [OSError("the service did not take it")]

    def tell(changed: Sequence[str]) -> None:
        if refusals:
            raise refusals.pop()
        kept.told.append([*changed])

    agent = Agent(kept.vault.ask, tell, kept.folder, kept.clock)
    with pytest.raises(OSError, match="did not take it"):
        agent.turn(listen=0)
    assert not kept.vault.applied
    agent.turn(listen=0)
    assert (kept.told, kept.vault.applied) == ([["login", "server"]], [1])


def test_another_process_goes_on_with_what_the_first_one_has(kept: Kept) -> None:
    kept.agent.turn(listen=0)
    told: list[list[str]] = []
    again = Agent(
        kept.vault.ask, lambda changed: told.append([*changed]), kept.folder, kept.clock
    )
    again.turn(listen=0)
    assert (told, len(kept.vault.issued)) == ([], 1)
    held = json.loads(kept.read(".certificates.json"))
    assert held["server"]["generation"] == "1.0"
