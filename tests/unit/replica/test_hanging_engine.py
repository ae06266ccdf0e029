"""We believe that an engine which accepts and never answers holds nobody up for long."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from environments.model import GoneError, Resource, WorldError
from environments.replica import containers, removing, sidecar
from environments.replica.caretaker import ReplicaCaretaker
from environments.replica.containers import Container, connect
from environments.replica.sidecar import Sidecars
from environments.replica.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION = {"ApiVersion": "1.41", "Version": "20.10.24"}
ID = "a" * 64


class HangingEngine:
    """Answers what it was given answers for ("POST /exec/x/start"), and nothing else."""

    def __init__(self, answers: Mapping[str, tuple[int, object]]) -> None:
        self.asked: list[str] = []
        over = Event()
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                path = self.path.partition("?")[0].removeprefix("/v1.41")
                engine.asked.append(f"{self.command} {path}")
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if engine.asked[-1] not in answers:
                    over.wait(30)
                    return
                status, content = answers[engine.asked[-1]]
                body = b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = do  # noqa: N815 - names that http.server asks for

            def log_message(self, *_: object) -> None:
                """Keep the tests' output clean."""

        self._over = over
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self) -> dict[str, str]:
        return {"DOCKER_HOST": f"tcp://127.0.0.1:{self._server.server_port}"}

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "ANSWER_SECONDS", 1)
    monkeypatch.setattr(containers, "ENGINE_SLACK_SECONDS", 0.1)


@pytest.fixture
def hanging() -> Iterator[HangingEngine]:
    with closing(HangingEngine({"GET /version": (200, VERSION)})) as engine:
        yield engine


def test_an_engine_that_says_nothing_at_all_is_given_up() -> None:
    began = time.monotonic()
    with closing(HangingEngine({})) as engine, pytest.raises(WorldError, match="be reached"):
        ReplicaCaretaker(engine.address)
    assert time.monotonic() - began < 5


def test_no_engine_is_a_sentence() -> None:
    with pytest.raises(WorldError, match="be reached"):
        ReplicaCaretaker({"DOCKER_HOST": "tcp://127.0.0.1:1"})


def test_the_bound_is_that_of_the_engine_that_is_asked(hanging: HangingEngine) -> None:
    with closing(connect(hanging.address)) as engine:
        began = time.monotonic()
        with pytest.raises(WorldError, match="payments could not be inspected"):
            Container("payments", ID, engine).is_running()
        assert 0.9 < time.monotonic() - began < 3


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {f"POST /containers/{ID}/exec": (201, {"Id": "x"})},
    ],
    ids=["creating it hangs", "starting it hangs"],
)
def test_a_command_is_bounded_by_its_time_and_not_by_the_engines(
    answers: Mapping[str, tuple[int, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "ANSWER_SECONDS", 10)
    engine_says = {"GET /version": (200, VERSION), **answers}
    with (
        closing(HangingEngine(engine_says)) as hanging,
        closing(connect(hanging.address)) as engine,
    ):
        began = time.monotonic()
        with pytest.raises(WorldError, match="payments"):
            Container("payments", ID, engine).execute(
                ["true"], within=timedelta(seconds=0.01), variables={}
            )
        # 0.01 s, half a second from TERM to KILL, and the slack: not the engine's ten
        assert time.monotonic() - began < 8


def test_a_world_that_cannot_be_listed_is_not_called_removed(
    hanging: HangingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "ANSWER_SECONDS", 10)
    monkeypatch.setattr(removing, "REMOVED_WITHIN_SECONDS", 0.3)
    with closing(ReplicaCaretaker(hanging.address)) as hands:
        began = time.monotonic()
        with pytest.raises(WorldError, match=r"by hand: docker rm .*label=muster\.run=gone-1"):
            hands.remove("gone-1")
        assert time.monotonic() - began < 8


class Notes:
    """A register that remembers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Resource]] = []

    def planned(self, resource: Resource) -> None:
        self.said.append(("planned", resource))

    def made(self, resource: Resource) -> None:
        self.said.append(("made", resource))

    def gone(self, resource: Resource) -> None:
        self.said.append(("gone", resource))


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    """A register of a world whose sidecars are all called ``side``."""
    monkeypatch.setattr(World, "sidecar", lambda _: "side")
    return Notes()


@pytest.mark.parametrize(
    ("answers", "notes_of", "why"),
    [
        ({}, ["planned"], "could not be freed"),
        (
            {"DELETE /containers/side": (404, {"message": "No such container"})},
            ["planned"],
            "could not be given a sidecar",
        ),
        (
            {"DELETE /containers/side": (204, None)},
            ["planned", "gone"],
            "could not be given a sidecar",
        ),
        (
            {
                "POST /containers/create": (409, {"message": "no"}),
                "DELETE /containers/side": (404, {"message": "No such container"}),
            },
            ["planned", "gone"],
            "could not be given a sidecar: no",
        ),
        (
            {
                "POST /containers/create": (201, {"Id": ID, "Warnings": []}),
                "POST /containers/side/start": (204, None),
                "DELETE /containers/side": (204, None),
            },
            ["planned", "made", "gone"],
            "its sidecar had not ended",
        ),
    ],
    ids=["all hangs", "nobody knows", "it was made after all", "refused", "it does not end"],
)
def test_a_sidecar_is_removed_and_written_down_however_it_ends(
    notes: Notes,
    monkeypatch: pytest.MonkeyPatch,
    answers: Mapping[str, tuple[int, object]],
    notes_of: list[str],
    why: str,
) -> None:
    monkeypatch.setattr(sidecar, "ENDED_WITHIN_SECONDS", 1)
    engine_says = {"GET /version": (200, VERSION), **answers}
    with (
        closing(HangingEngine(engine_says)) as hanging,
        closing(connect(hanging.address)) as engine,
    ):
        sidecars = Sidecars(engine, World("w-1", "me", notes), "tools")
        with pytest.raises(WorldError, match=why):
            sidecars.in_network_of(Container("payments", ID, engine), "true")
        assert hanging.asked[-1] == "DELETE /containers/side"
    assert [said for said, _ in notes.said] == notes_of
    assert {resource for _, resource in notes.said} == {Resource("container", "side")}


def test_what_is_gone_is_said_to_be(hanging: HangingEngine) -> None:
    del hanging
    gone = {
        "GET /version": (200, VERSION),
        f"GET /containers/{ID}/json": (404, {"message": "No such container"}),
    }
    with (
        closing(HangingEngine(gone)) as engine_says,
        closing(connect(engine_says.address)) as e,
    ):
        container = Container("payments", ID, e)
        assert not container.is_running()
        with pytest.raises(GoneError, match="payments could not be inspected: it is not there"):
            container.address()
