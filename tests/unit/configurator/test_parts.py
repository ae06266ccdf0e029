"""We believe that parameters are checked, and that the trail hears of every change."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from rollout.ordering import BrokenError, Trial, WrongError
from rollout.reading import SilentError

from environments.replica.images.configurator.configuring.controller import Controller
from environments.replica.images.configurator.configuring.instances import (
    InForce,
    Instances,
    read_in_force,
)
from environments.replica.images.configurator.configuring.policy import (
    PolicyError,
    read_policy,
)
from environments.replica.images.configurator.configuring.settings import (
    SettingsError,
    read_settings,
)
from environments.replica.images.configurator.configuring.trail import Trail
from environments.replica.images.configurator.configuring.trials import Trials
from tests.unit.configuration.configurations import IMAGES, SEED
from tests.unit.configurator.worlds import AtOnce, World, policy_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRILL = (IMAGES / "configurator/policies/drill.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("canary_seconds = 6", "canary_seconds = -1", "canary_seconds is -1: write a number"),
        ("trials = true", "trials = 1", "trials is 1: write true or false"),
        ("requests = 40", "", "requests is None: write a number from 1"),
        ("errors = 0.01", "mistakes = 0.01", r"\[limits\] mistakes is no limit"),
        ("requests = 40", "requests = 40\nspeed = 3", "speed is no key of a policy"),
        ('name = "drill"', "name = 3", "name is 3: write one such as 'standard'"),
        ("trials = true", "trials =", "drill.toml is no TOML"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(old: str, new: str, why: str) -> None:
    assert old in DRILL
    with pytest.raises(PolicyError, match=why):
        read_policy(DRILL.replace(old, new).encode(), file="drill.toml")


def test_policies_of_drills_differ_from_each_other_where_they_are_to() -> None:
    drill, by_hand, blind = map(policy_of, ("drill", "drill-by-hand", "drill-blind"))
    assert by_hand == replace(drill, name="drill-by-hand", automatic_rollback=False)
    seeing = replace(blind.limits, errors=0.01, above_baseline=0.05)
    assert replace(blind, name="drill", trials=True, limits=seeing) == drill
    assert policy_of("standard").limits.errors == drill.limits.errors == 0.01


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "key"
    file.write_text(f"{SEED}\n")
    return {"INSTANCES": "a,b", "SIGNING_KEY_FILE": str(file)}


def test_settings_are_read_and_the_key_is_never_shown(good: dict[str, str]) -> None:
    settings = read_settings(good)
    assert settings.signing_key == SEED
    assert (settings.trials, read_settings(good | {"TRIALS": "off"}).trials) == (True, False)
    assert (settings.instances, settings.policy, settings.audit) == (("a", "b"), "standard", "")
    assert SEED not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("INSTANCES", "a", "fewer than two names"),
        ("SIGNING_KEY_FILE", "/nowhere", "cannot be read"),
        ("SIGNING_KEY_FILE", __file__, "does not hold 32 bytes"),
    ],
)
def test_settings_that_make_no_sense_are_named(
    good: dict[str, str], name: str, value: str, why: str
) -> None:
    with pytest.raises(SettingsError, match=f"{name}.*{why}"):
        read_settings(good | {name: value})


@pytest.mark.parametrize(
    ("failures", "said"),
    [
        ([], ""),
        ([BrokenError("a is silent")], ""),
        (
            [BrokenError("a is silent"), BrokenError("a says 503")],
            "orders are broken: a says 503",
        ),
        ([WrongError("a took 1")], "orders are wrong: a took 1"),
    ],
)
def test_the_critical_function_is_broken_where_it_fails_twice_or_is_wrong_once(
    failures: list[Exception], said: str
) -> None:
    left = list(failures)

    def order(trial: Trial, instance: str, reader: str) -> None:
        assert (trial.customer, instance, reader) == ("configurator-trial", "a", "b")
        if left:
            raise left.pop(0)

    assert Trials(AtOnce(), order)("a", "b").result() == said
    assert left == []


class Server(HTTPServer):
    """Answers every GET with ``page``, and keeps what is posted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page = b""
        self.posted: list[tuple[str, dict[str, object]]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._answer(self.server.page)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, json.loads(body)))
        self._answer(b'{"number": 1, "hash": "ab"}')

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests need no access log."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield server
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_the_trail_hears_who_did_what(server: Server, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        trail = Trail(f"http://127.0.0.1:{server.server_port}", threads)
        world = World(tmp_path)
        controller = Controller(replace(world.controller.means, told=trail))
        controller.flag("receipts", on=False)
    told = [
        (path, entry["actor"], entry["action"], entry["subject"])
        for path, entry in server.posted
    ]
    assert told == [
        ("/entries", "configurator (people)", "flag proposed", "flag-1"),
        ("/entries", "configurator (itself)", "flag started", "flag-1"),
    ]
    assert server.posted[0][1]["details"] == {"why": "receipts is off", "share": None}


def test_a_trail_that_is_away_keeps_nobody_from_anything(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        world = World(tmp_path)
        trail = Trail("http://127.0.0.1:1", threads)
        controller = Controller(replace(world.controller.means, told=trail))
        assert controller.flag("receipts", on=False) == "flag-1"


def test_who_is_slow_is_asked_once_at_a_time_and_keeps_nobody_waiting() -> None:
    answers = threading.Event()
    asked: list[str] = []

    def read(name: str) -> InForce:
        asked.append(name)
        if name == "slow":
            answers.wait()
        return InForce(7)

    now = 100.0
    with ThreadPoolExecutor(2) as threads:
        instances = Instances(("slow", "fast"), threads, lambda: now, read)
        for _ in range(2):
            instances.look()
            now += 2
        assert (asked.count("slow"), asked.count("fast")) == (1, 2)
        assert instances.troubles("slow") == [
            "nobody knows what slow has in force: slow does not answer in time"
        ]
        assert instances.troubles("fast") == []
        answers.set()
        instances.look()
        assert instances.have(7, ("slow", "fast"))


def test_an_instance_says_what_it_has_in_force(server: Server) -> None:
    server.page = b'{"version": 7, "sha256": "ab", "troubles": {"disk": "no room"}}'
    assert read_in_force("127.0.0.1", server.server_port) == InForce(7, {"disk": "no room"})
    for page in (b"", b"[]", b'{"version": "x", "troubles": {}}', b'{"version": 1}'):
        server.page = page
        with pytest.raises(SilentError, match="does not say what it has in force"):
            read_in_force("127.0.0.1", server.server_port)
    with pytest.raises(SilentError, match="does not answer"):
        read_in_force("127.0.0.1", 1)
