"""We believe that whoever asks the scaler is told how things are, and that it is late."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest

from environments.replica.images.scaler.scaling.web import Pages, Web
from environments.replica.scaling import read_decisions, read_stages, read_status
from tests.unit.scaler.places import READY_SECONDS, Scene
from tests.unit.scaler.test_metrics import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def port(scene: Scene) -> Iterator[int]:
    pages = Pages(scene.controller, SETTINGS, lambda: scene.world.now)
    with Web(pages, ("127.0.0.1", 0)) as web:
        web.serve()
        yield web.server_port
        web.shutdown()


def ask(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def document(port: int, path: str) -> Any:  # noqa: ANN401 - whatever the page says
    status, body = ask(port, path)
    assert status == 200, body
    return json.loads(body)


def test_how_things_are_is_told_as_the_environment_reads_it(scene: Scene, port: int) -> None:
    scene.pass_time(1)
    scene.state.hold(4)
    scene.pass_time(READY_SECONDS + 2)
    status = read_status(document(port, "/status"))
    assert (status.wanted, status.serving, status.minimum, status.maximum) == (4, 4, 3, 10)
    assert status.held == 4
    assert status.cpu == pytest.approx(0.3)
    assert status.ratio == pytest.approx(0.3 / 0.7, abs=1e-3)
    assert (status.policy, status.tolerance) == ("drill", 0.1)
    assert list(status.places.items())[3:5] == [("app-4", "serving"), ("app-5", "idle")]
    (decision,) = read_decisions(document(port, "/decisions"))
    assert (decision.before, decision.after) == (3, 4)
    assert decision.age_seconds == pytest.approx(READY_SECONDS + 2)
    stages = read_stages(document(port, "/stages?after=1"))
    assert [stage.stage for stage in stages] == ["ready", "serving"]
    assert {stage.decision for stage in stages} == {decision.number}
    assert document(port, "/decisions?after=1") == []


def test_it_is_well_while_it_turns_and_not_five_seconds_later(scene: Scene, port: int) -> None:
    assert ask(port, "/health")[0] == 503
    assert ask(port, "/status")[0] == 503
    scene.pass_time(1)
    assert document(port, "/health") == {"status": "ok"}
    scene.world.now += 6
    status, body = ask(port, "/health")
    assert status == 503
    assert "no turn was done for 6 s" in body


def test_prometheus_is_told_in_its_own_format(scene: Scene, port: int) -> None:
    scene.pass_time(1)
    lines = ask(port, "/metrics")[1].splitlines()
    assert "scaling_wanted 3" in lines
    assert "# TYPE scaling_decisions_total counter" in lines
    assert "scaling_instance_cpus 0.06" in lines


def test_there_is_no_other_page(port: int) -> None:
    status, body = ask(port, "/")
    assert status == 404
    assert "/status" in body
