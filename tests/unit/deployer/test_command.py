"""We believe that people are told how things are, and nothing before it is so."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from rollout.web import Web

from environments.replica.deploying import deviations_of_deployment, read_deployment
from environments.replica.images.deployer.deploying import __main__ as command
from environments.replica.images.deployer.deploying.pages import Pages
from tests.unit.deployer.places import Release, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path, Release("1.2.0", fails_one_in=20), policy="drill-by-hand")
    scene.pass_time(3)
    return scene


@pytest.fixture
def port(scene: Scene) -> Iterator[int]:
    pages = Pages(scene.controller, lambda: scene.world.now)
    with Web(pages.answer, pages.do, ("127.0.0.1", 0)) as web:
        web.serve()
        yield web.server_port
        web.shutdown()


def test_how_things_are_is_said_in_lines_that_pages_look_for(scene: Scene, port: int) -> None:
    lines = command.run(["status"], port).splitlines()
    assert lines[0] == "1.0.0 is live (blue); idle"
    assert lines[2:] == [f"app-{number} serves customers: 1.0.0" for number in (1, 2, 3)]
    assert "is started" in command.run(["start"], port)
    scene.pass_time(20)
    said = command.run([], port)
    assert said.startswith("1.0.0 is live (blue); serving\n")
    assert (
        "\ngreen-1 serves customers: 1.2.0\n10 % of customers meet release-1\namiss: " in said
    )
    assert said.splitlines()[-1] == "18 s ago, release-1 stage: 10% of customers meet green-1"


def test_the_environment_reads_the_same(scene: Scene, port: int) -> None:
    scene.controller.ask("start")
    scene.pass_time(20)
    status = read_deployment(command.ask("GET", "/status", port))
    assert (status.phase, status.share, status.live) == ("serving", 0.1, "1.0.0")
    assert status.serving["green-1"] == "1.2.0"
    assert list(deviations_of_deployment({"it": status})) == [
        "it is at work: release-1 is serving"
    ]


def test_a_rollback_returns_once_it_was_seen(
    scene: Scene, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.run(["start"], port)
    scene.pass_time(20)
    goes_on = threading.Timer(0.3, scene.pass_time, [1])
    goes_on.start()
    said = command.run(["rollback"], port)
    goes_on.join()
    assert said == (
        "release-1 is rolled back\n1.0.0 is live: customers are led to app-1, app-2, app-3"
    )
    monkeypatch.setattr(command, "BACK_WITHIN_SECONDS", 0.2)
    scene.pass_time(5)
    command.run(["start"], port)
    scene.pass_time(20)
    with pytest.raises(command.RefusedError, match="it is not done yet"):
        command.run(["rollback"], port)  # nobody turns


def test_what_is_refused_is_said_with_its_reason(port: int) -> None:
    with pytest.raises(command.RefusedError, match="there is nothing to promote"):
        command.run(["promote"], port)
    with pytest.raises(command.RefusedError, match="write deploy status, start"):
        command.run(["start", "now"], port)


def test_a_deployer_that_is_away_is_no_traceback() -> None:
    with pytest.raises(command.RefusedError, match="the deployer does not answer"):
        command.run(["status"], 1)


def test_it_is_well_while_it_turns_and_not_five_seconds_later(scene: Scene, port: int) -> None:
    assert command.ask("GET", "/health", port) == {"status": "ok"}
    scene.world.now += 6
    with pytest.raises(command.RefusedError, match="no turn was done for 6 s"):
        command.ask("GET", "/health", port)
