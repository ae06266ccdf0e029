"""We believe that an intruder comes in as a customer as long as nobody keeps it out, and ends.

The intruder's very tool runs here, against a small entrance on this host.
"""

from __future__ import annotations

import json
import shlex
import sys
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import jwt
import pytest

from environments.model import Trace, TraceKind
from environments.replica.images.intruder.intruder.customers import customer_of
from fixtures.faults import GuessPasswords, UseLeakedToken, describe
from fixtures.faults.use_leaked_token import LEAKED_TOKEN
from fixtures.waiting import wait_until
from tests.fakes.world import FakeEnvironment
from tests.unit.faults.hosts import HostNode, put_on_hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = Path(__file__).parents[3] / "environments/replica/images/intruder"
Attack = TypeVar("Attack", GuessPasswords, UseLeakedToken)
A_WHILE = timedelta(seconds=10)
TOKEN = jwt.encode({"sub": "ada"}, "k" * 32, "HS256")


class Entrance(ThreadingHTTPServer):
    """Answers everybody with one status, and keeps what they asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 401
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Entrance

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body, self.headers["Authorization"]))
        answer = json.dumps({"id": len(self.server.asked), "token": "hush"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Stage:
    world: FakeEnvironment
    entrance: Entrance
    intruder: HostNode
    edge: HostNode
    auth: HostNode
    attempts: Path
    planned: list[GuessPasswords | UseLeakedToken] = field(default_factory=list)

    def inject(self, fault: Attack, status: int) -> Attack:
        self.entrance.status = status
        planned = fault.plan(self.world)
        assert planned.unavailable(self.world) is None
        planned.inject(self.world)
        self.planned.append(planned)
        self.wait("take effect", lambda: planned.has_taken_effect(self.world))
        return planned

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        wait_until(f"the fault to {what}", condition, at_most=A_WHILE)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.attempts.read_text().splitlines()]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    entrance = Entrance()
    world = FakeEnvironment()
    _, edge = put_on_hosts(world, tmp_path, "bastion", "east-edge")
    intruder = HostNode(world, "intruder-outside", "intruder", tmp_path / "intruder-outside")
    auth = HostNode(world, "east-auth", "auth", tmp_path / "east-auth")
    world.nodes += [intruder, auth]
    python = f"PYTHONPATH={shlex.quote(str(PACKAGE))} exec {shlex.quote(sys.executable)}"
    intruder.has("python3", f'{python} "$@"')
    intruder.has("hostname", "echo 10.0.0.9")
    for node, tool in ((edge, "block"), (auth, "auth")):
        node.has(tool, 'echo "$@" >> "$ROOT/told"')
    attempts = tmp_path / "attempts.jsonl"
    monkeypatch.setenv("EDGE", entrance.url)
    monkeypatch.setenv("ATTEMPTS", str(attempts))
    monkeypatch.setenv("INTRUDER", "intruder-outside")
    made = Stage(world, entrance, intruder, edge, auth, attempts)
    yield made
    for fault in made.planned:
        fault.revert(world)
    entrance.shutdown()
    entrance.server_close()


def let_a_token_leak(stage: Stage) -> None:
    file = stage.intruder.below(LEAKED_TOKEN)
    file.parent.mkdir(parents=True)
    file.write_text(TOKEN)


def test_passwords_are_guessed_until_the_entrance_keeps_the_intruder_out(stage: Stage) -> None:
    fault = stage.inject(GuessPasswords("ada"), 401)
    guesses = [body for path, body, _ in stage.entrance.asked if path == "/login"]
    assert guesses[:2] == [
        {"customer": "ada", "password": "summer1"},
        {"customer": "ada", "password": "summer2"},
    ]
    assert fault.stands(stage.world)
    stage.entrance.status = 429  # the login listens no more, and the intruder is there still
    before = len(stage.entrance.asked)
    stage.wait("meet that", lambda: len(stage.entrance.asked) > before + 10)
    assert fault.stands(stage.world)
    stage.entrance.status = 403
    stage.wait("be kept out", lambda: not fault.stands(stage.world))
    assert {line["outcome"] for line in stage.lines()} == {"out"}
    assert stage.lines()[0]["credential"] == "password of ada"


def test_reverting_lets_in_again_whom_people_shut_out(stage: Stage) -> None:
    fault = stage.inject(GuessPasswords("ada"), 401)
    assert fault.traces(stage.world) == {
        Trace("intruder-outside", TraceKind.DAMAGE, fault.kept)
    }
    fault.revert(stage.world)
    assert fault.has_gone(stage.world)
    before = len(stage.entrance.asked)
    assert (stage.edge.root / "told").read_text() == "10.0.0.9 0\n"
    assert (stage.auth.root / "told").read_text() == "unlock 10.0.0.9\nunlock ada\n"
    assert stage.intruder.damage() == frozenset()
    fault.revert(stage.world)
    assert len(stage.entrance.asked) == before


def test_a_leaked_token_orders_until_it_is_refused_and_is_nowhere_written_down(
    stage: Stage,
) -> None:
    let_a_token_leak(stage)
    fault = stage.inject(UseLeakedToken(), 201)
    path, body, shown = stage.entrance.asked[0]
    assert (path, body["customer"], shown) == ("/orders", "ada", f"Bearer {TOKEN}")
    assert fault.stands(stage.world)
    assert (stage.lines()[0]["what"], stage.lines()[0]["subject"]) == ("order", "order 1")
    stage.entrance.status = 401
    stage.wait("be refused", lambda: not fault.stands(stage.world))
    fault.revert(stage.world)
    assert fault.has_gone(stage.world)
    assert not stage.intruder.below(LEAKED_TOKEN).exists()
    assert TOKEN not in stage.attempts.read_text()
    assert TOKEN not in json.dumps(describe(fault))


def test_without_a_token_nothing_can_be_done_with_it(stage: Stage) -> None:
    why_not = UseLeakedToken().plan(stage.world).unavailable(stage.world)
    assert why_not == "intruder-outside has no token: have one leak before it is used"


def test_an_entrance_that_fails_says_nothing_of_the_credential(stage: Stage) -> None:
    let_a_token_leak(stage)
    fault = stage.inject(UseLeakedToken(), 201)
    stage.entrance.status = 503
    stage.wait("fail", lambda: stage.lines()[-1]["outcome"] == "unknown")
    assert fault.stands(stage.world)


@pytest.mark.parametrize("customer", ["a", "ab", "abc", "a customer"])
def test_anybody_reads_whose_token_it_is(customer: str) -> None:
    assert customer_of(jwt.encode({"sub": customer}, "k" * 32, "HS256")) == customer
