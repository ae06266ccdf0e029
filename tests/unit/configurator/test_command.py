"""We believe that people get done what they ask for, or one sentence that says why not.

The command speaks over HTTP, with the configurator's own pages; instances are a world's.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest
from configuration.schema import ConfigurationError
from rollout.web import Question, Web

from environments.replica.images.configurator.configuring import __main__ as command
from environments.replica.images.configurator.configuring.web import Pages
from tests.unit.configuration.configurations import STANDARD
from tests.unit.configurator.worlds import BAD, GOOD, MALFORMED, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world in which time passes by itself, a hundred times as fast."""
    state = tmp_path / "state"
    state.mkdir()
    world = World(state)
    pages = Pages(world.controller, lambda: world.now, turned_at=world.now)
    web = Web(pages.answer, pages.do, ("127.0.0.1", 0))
    web.serve()
    monkeypatch.setattr(command, "PORT", web.server_address[1])
    ends = threading.Event()

    def go_on() -> None:
        while not ends.wait(0.0025):
            world.turn()

    turning = threading.Thread(target=go_on)
    turning.start()
    try:
        yield world
    finally:
        ends.set()
        turning.join()
        web.shutdown()
        web.server_close()


def file_with(tmp_path: Path, text: str) -> str:
    file = tmp_path / "new.toml"
    file.write_text(text)
    return str(file)


def test_a_configuration_goes_all_the_way(world: World, tmp_path: Path) -> None:
    said = command.run(["propose", file_with(tmp_path, GOOD)])
    assert said == "configuration-1 is tried: `config wait` says what came of it"
    assert "configuration-1 stable 100 % by itself" in command.run(["wait"])
    assert command.run(["show"]) == GOOD.rstrip("\n")
    assert "app-3 has version 2" in command.run([])
    assert command.run(["rollback"]) == "configuration-1 is taken back on every instance"
    assert world.limits == (32, 32, 32)
    assert len(command.run(["history"]).splitlines()) == 9


def test_who_waits_for_one_that_harms_is_told_that_it_came_back(
    world: World, tmp_path: Path
) -> None:
    command.run(["propose", file_with(tmp_path, BAD)])
    with pytest.raises(command.RefusedError, match="configuration-1 rolled back 0 % by itself"):
        command.run(["wait"])
    assert world.limits == (32, 32, 32)


def test_flags_are_switched_and_shown(world: World) -> None:
    assert command.run(["flag", "receipts", "off"]) == (
        "receipts is off on every instance (flag-1)"
    )
    assert "receipts off" in command.run([])
    with pytest.raises(command.RefusedError, match="receipts is off already"):
        command.run(["flag", "receipts", "off"])
    assert world.controller.under_way() == ""


@pytest.mark.usefixtures("world")
def test_what_cannot_be_used_is_refused_by_the_command_and_by_the_configurator(
    tmp_path: Path,
) -> None:
    file = file_with(tmp_path, MALFORMED)
    with pytest.raises(ConfigurationError, match=r"new.toml:5: \[admission\] most_in_work"):
        command.run(["validate", file])
    with pytest.raises(command.RefusedError, match=r"new.toml:5: .*configuration-1 is refused"):
        command.run(["propose", file])
    assert command.run(["validate", file_with(tmp_path, STANDARD)]).endswith("can be used")
    with pytest.raises(command.RefusedError, match="cannot be read"):
        command.run(["validate", str(tmp_path / "none.toml")])


def test_what_was_tampered_with_is_told_served_as_it_is_and_restored(
    world: World, tmp_path: Path
) -> None:
    stored = world.folder / "1"
    copy = tmp_path / "copy"
    copy.write_bytes(stored.read_bytes())
    stored.write_bytes(stored.read_bytes().replace(b"= 32", b"= 31"))
    status = command.run([])
    assert "trouble: version 1 in the store is not what was signed" in status
    assert command.text_of("GET", "/configuration/app-1").encode() == stored.read_bytes()
    with pytest.raises(command.RefusedError, match="this copy is no good"):
        command.run(["restore", str(stored)])
    assert command.run(["restore", str(copy)]) == "version 1 is what was signed again"
    assert "trouble" not in command.run([])


def test_what_is_no_command_is_answered_with_those_that_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["config", "flag", "receipts", "maybe"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert "config rollback" in str(ended.value)
    assert capsys.readouterr().out == ""


def test_a_configurator_that_is_away_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "PORT", 1)
    with pytest.raises(command.RefusedError, match="the configurator does not answer"):
        command.run([])


def test_a_configurator_that_does_not_turn_is_not_well(tmp_path: Path) -> None:
    world = World(tmp_path)
    pages = Pages(world.controller, lambda: world.now)
    question = Question("/health", 0)
    assert pages.answer(question).status == 503
    pages.turned_at = world.now
    assert pages.answer(question).status == 200
    world.now += 5.1
    assert pages.answer(question).status == 503
    assert pages.answer(Question("/nothing", 0)).status == 404
