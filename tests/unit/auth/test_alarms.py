"""We believe that people are told of each attack once, and that the trail shuts no door."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from environments.replica.images.auth.auth import main, trail
from environments.replica.images.auth.auth.main import keep_turning, secret_of
from environments.replica.images.auth.auth.settings import SettingsError, read_settings
from environments.replica.images.auth.auth.trail import Trail
from tests.unit.auth.doors import ABROAD, Door

if TYPE_CHECKING:
    from pathlib import Path


THREE = 3


class Audit:
    """The trail's end, which may be away."""

    def __init__(self, *, away_for: int = 0) -> None:
        self.away_for = away_for
        self.entries: list[dict[str, Any]] = []
        self.has_three = asyncio.Event()

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away_for:
            self.away_for -= 1
            if self.away_for % 2:
                return httpx.Response(503)
            raise httpx.ConnectError("refused")
        self.entries.append(json.loads(request.content))
        if len(self.entries) == THREE:
            self.has_three.set()
        return httpx.Response(201, json={"number": len(self.entries), "hash": "h"})

    def actions(self) -> list[str]:
        return [str(entry["action"]) for entry in self.entries]


def test_an_attack_is_an_alarm_once_and_again_when_it_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "TURN_SECONDS", 0.01)
    door, audit = Door(tmp_path / "state.json"), Audit()
    settings = read_settings({"TOKEN_KEY": door.signed_with})

    def attack() -> None:
        for number in range(101):
            door.identity.sources.begin(ABROAD)
            assert number < 100 or door.identity.sources.seconds_left(ABROAD)

    async def play() -> None:
        transport = httpx.MockTransport(audit.answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://audit") as client:
            told = Trail(client)
            turning = asyncio.create_task(keep_turning(door.identity, settings, told))
            telling = asyncio.create_task(told.run())
            for _ in range(2):
                attack()
                await asyncio.sleep(0.1)
                door.identity.sources.unlock(ABROAD)
                await asyncio.sleep(0.1)
            turning.cancel()
            telling.cancel()

    asyncio.run(play())
    assert audit.actions() == ["logins fail", "logins fail"]
    assert audit.entries[0]["subject"] == ABROAD
    assert audit.entries[0]["details"]["alarm"] is True


def test_what_a_trail_that_is_away_was_not_told_is_told_later_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trail, "PAUSE_SECONDS", 0.01)
    audit = Audit(away_for=3)

    async def play() -> None:
        transport = httpx.MockTransport(audit.answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://audit") as client:
            told = Trail(client)
            for action in ("one", "two", "three"):
                told.tell("ada", action, "it")
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(told.run())
                await asyncio.wait_for(audit.has_three.wait(), 5)
                telling.cancel()

    asyncio.run(play())
    assert audit.actions() == ["one", "two", "three"]


def test_a_secret_in_a_file_is_read_anew_and_an_empty_one_changes_nothing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "key"
    settings = read_settings({"TOKEN_KEY_FILE": str(file)})
    file.write_text("one\n")
    assert secret_of(settings) == "one"
    file.write_text("")
    with pytest.raises(ValueError, match="is empty"):
        secret_of(settings)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "TOKEN_KEY"),
        ({"TOKEN_KEY": "k", "TOKEN_SECONDS": "soon"}, "TOKEN_SECONDS"),
        ({"TOKEN_KEY": "k", "LOCKOUT": "maybe"}, "LOCKOUT"),
    ],
)
def test_a_wrong_setting_is_named(variables: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_settings(variables)
