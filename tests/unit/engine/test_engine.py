"""We believe that an engine is started only where it may be, and says each way it can fail.

The machine is a fake: what apt-get, systemd and dockerd really do is seen on a clean one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from environments.replica import engine
from environments.replica.engine_address import (
    LOCAL,
    Address,
    EngineError,
    NoAnswerError,
)
from environments.replica.machine import Machine, Say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REPOSITORY = Path(__file__).parents[3]


class FakeMachine(Machine):
    """A machine on which the engine answers after so many questions."""

    def __init__(self, *, answers_at: int = 1, version: str = "1.41") -> None:
        self.answers_at, self.version = answers_at, version
        self.root = self.apt = True
        self.systemd = self.apparmor = False
        self.programs = {"apt-get", "dockerd", "iptables"}
        self.results: dict[str, tuple[int, str]] = {}
        self.daemon: int | None = None
        self.ends = self.denied = False
        self.pings = 0
        self.done: list[str] = []

    def ping(self, address: Address, seconds: float = 1.0) -> str:
        self.pings += 1
        if self.pings >= self.answers_at:
            return self.version
        cause = PermissionError("denied") if self.denied else FileNotFoundError(address.url)
        raise NoAnswerError(f"{cause} within {seconds:g} s") from cause

    def is_root(self) -> bool:
        return self.root

    def has_apt(self) -> bool:
        return self.apt

    def has(self, program: str) -> bool:
        return program in self.programs

    def has_systemd(self) -> bool:
        return self.systemd

    def lacks_certificates(self) -> bool:
        return False

    def lacks_debian_keys(self) -> bool:
        return not self.has("keyring")

    def enforces_apparmor(self) -> bool:
        return self.apparmor

    def run(self, command: Sequence[str], seconds: float) -> tuple[int, str]:
        assert seconds > 0
        self.done.append(" ".join(command))
        return self.results.get(command[1], (0, ""))

    def running_daemon(self) -> int | None:
        return self.daemon

    def start_daemon(self) -> int:
        self.done.append("dockerd")
        return 7

    def daemon_ends_within(self, pid: int, seconds: float) -> bool:
        assert (pid, seconds > 0) in {(7, True), (self.daemon, True)}
        return self.ends

    def stop_daemon(self, pid: int) -> None:
        self.done.append(f"stop {pid}")

    def log(self) -> str:
        return "\n".join(f"log {number}" for number in range(40))

    @contextmanager
    def alone(self, say: Say) -> Iterator[None]:
        say("lock")
        self.done.append("lock")
        yield


NOWHERE = {"DOCKER_CONFIG": "/nonexistent"}


def ensure(machine: FakeMachine, **variables: str) -> tuple[Address, list[str]]:
    said: list[str] = []
    address = engine.ensure_engine(said.append, NOWHERE | variables, machine)
    return address, said


def test_an_engine_that_answers_is_left_alone() -> None:
    machine = FakeMachine()
    assert ensure(machine) == (Address(LOCAL), [f"engine: {LOCAL} answers (API 1.41)"])
    assert machine.done == []


@pytest.mark.parametrize("version", ["1.40", "1.9"])
def test_an_engine_that_is_too_old(version: str) -> None:
    with pytest.raises(EngineError, match=rf"speaks API {version}, and Muster needs 1\.41"):
        ensure(FakeMachine(version=version))


def test_an_engine_of_two_digits_is_newer_than_one_of_one() -> None:
    assert ensure(FakeMachine(version="1.100"))[0].url == LOCAL


def no_root(machine: FakeMachine) -> None:
    machine.root = False


def no_apt(machine: FakeMachine) -> None:
    machine.apt = False


def denied(machine: FakeMachine) -> None:
    machine.denied = True


@pytest.mark.parametrize(
    ("lack", "variables", "sentence"),
    [
        (no_root, {}, "only root on Debian or Ubuntu .* run this as root"),
        (no_apt, {}, "only root on Debian or Ubuntu .* start Docker yourself"),
        (denied, {}, "may not use .* join the group docker"),
        (
            lambda _: None,
            {"DOCKER_HOST": "tcp://127.0.0.1:1"},
            "which DOCKER_HOST names .* start that one",
        ),
    ],
    ids=["not root", "not debian", "not allowed", "somebody else's"],
)
def test_no_engine_where_none_may_be_started(
    lack: Callable[[FakeMachine], None], variables: dict[str, str], sentence: str
) -> None:
    machine = FakeMachine(answers_at=99)
    lack(machine)
    with pytest.raises(EngineError, match=sentence):
        ensure(machine, **variables)
    assert machine.done == []


def test_the_second_of_two_finds_the_engine_of_the_first() -> None:
    machine = FakeMachine(answers_at=2)
    machine.programs.clear()
    ensure(machine)
    assert machine.done == ["lock"]


def test_only_what_is_missing_is_installed() -> None:
    machine = FakeMachine(answers_at=3)
    machine.programs -= {"dockerd"}
    machine.apparmor = True
    said = ensure(machine)[1]
    update, packages = machine.done[1:3]
    assert update == "apt-get update"
    assert packages.startswith("apt-get install -y --no-install-recommends ")
    assert packages.endswith(" docker.io apparmor")
    assert said[1:3] == [f"engine: {update}", f"engine: {packages}"]


def test_without_systemd_the_daemon_is_started_directly() -> None:
    machine = FakeMachine(answers_at=4)
    said = ensure(machine)[1]
    assert machine.done == ["lock", "dockerd"]
    assert "starting dockerd, which logs to /var/log/muster-dockerd.log" in said[1]


def test_a_daemon_that_is_starting_already_is_waited_for() -> None:
    machine = FakeMachine(answers_at=4)
    machine.daemon = 3
    ensure(machine)
    assert machine.done == ["lock"]


def test_with_systemd_its_unit_is_started() -> None:
    machine = FakeMachine(answers_at=3)
    machine.systemd = True
    ensure(machine)
    assert machine.done == ["lock", "systemctl start docker"]


def test_systemd_starts_it_and_nothing_answers() -> None:
    machine = FakeMachine(answers_at=99)
    machine.systemd = True
    with pytest.raises(EngineError, match="journalctl -u docker"):
        ensure(machine)


def test_a_step_that_fails_shows_its_last_lines() -> None:
    machine = FakeMachine(answers_at=99)
    machine.programs -= {"dockerd"}
    machine.results = {"update": (100, "E: no network")}
    with pytest.raises(
        EngineError, match=r"update` failed with exit code 100; .*\n.*no network"
    ):
        ensure(machine)
    assert machine.done[-1] == "apt-get update"


def test_a_step_that_takes_too_long_says_so() -> None:
    machine = FakeMachine(answers_at=99)
    machine.programs -= {"dockerd"}
    machine.results = {"install": (-9, "")}
    with pytest.raises(EngineError, match="took longer than 900 s"):
        ensure(machine)


def test_a_daemon_that_ends_shows_its_last_lines() -> None:
    machine = FakeMachine(answers_at=99)
    machine.ends = True
    with pytest.raises(EngineError, match="ended while it started") as caught:
        ensure(machine)
    assert str(caught.value).splitlines()[1:] == [f"    log {n}" for n in range(25, 40)]


def test_a_daemon_that_never_answers_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "START_SECONDS", 0.05)
    machine = FakeMachine(answers_at=10**9)
    with pytest.raises(EngineError, match=r"did not answer within 0\.05 s"):
        ensure(machine)
    assert machine.done[-1] == "stop 7"


def test_debootstrap_is_installed_once() -> None:
    machine = FakeMachine()
    engine.ensure_debootstrap(machine.done.append, machine)
    assert machine.done[-1].endswith(" debootstrap debian-archive-keyring")
    machine.programs |= {"debootstrap", "keyring"}
    machine.done.clear()
    engine.ensure_debootstrap(machine.done.append, machine)
    assert machine.done == []


def test_debootstrap_needs_root() -> None:
    machine = FakeMachine()
    machine.root = False
    with pytest.raises(EngineError, match="for root alone"):
        engine.ensure_debootstrap(machine.done.append, machine)


def test_debootstrap_needs_debian_to_be_installed() -> None:
    machine = FakeMachine()
    machine.apt = False
    with pytest.raises(EngineError, match="on Debian or Ubuntu alone"):
        engine.ensure_debootstrap(machine.done.append, machine)


def test_two_at_once_take_turns(tmp_path: Path) -> None:
    first, second = Machine(), Machine()
    first.lock_path = second.lock_path = tmp_path / "lock"
    waits, order = threading.Event(), []

    def say(line: str) -> None:
        order.append(line)
        waits.set()

    def take_turn() -> None:
        with second.alone(say):
            order.append("second")

    thread = threading.Thread(target=take_turn)
    with first.alone(say):
        thread.start()
        assert waits.wait(10)
        order.append("first ends")
    thread.join()
    assert order[0].startswith("engine: another process is making it ready")
    assert order[1:] == ["first ends", "second"]


def test_a_command_that_overstays_is_ended() -> None:
    code, output = Machine().run(["sh", "-c", "echo started; exec sleep 60"], 2.0)
    assert code < 0
    assert output == "started\n"


def test_a_daemon_outlives_us_and_its_end_is_seen(tmp_path: Path) -> None:
    (tmp_path / "dockerd").write_text("#!/bin/sh\necho hello\nexec sleep 60\n")
    (tmp_path / "dockerd").chmod(0o755)
    machine = Machine()
    machine.search_path = f"{tmp_path}:{os.environ['PATH']}"
    machine.daemon_log = tmp_path / "log"
    pid = machine.start_daemon()
    try:
        assert os.getsid(pid) == pid
        assert not machine.daemon_ends_within(pid, 0.2)
    finally:
        machine.stop_daemon(pid)
    assert machine.daemon_ends_within(pid, 10)
    os.waitpid(pid, 0)
    assert machine.daemon_ends_within(pid, 10)
    assert machine.log() == "hello\n"


@pytest.mark.parametrize(
    "command",
    [["environments/replica/engine.py"], ["-m", "environments.replica.engine"]],
    ids=["file", "module"],
)
def test_it_needs_no_package_and_says_what_to_do(command: list[str]) -> None:
    variables = os.environ | {"DOCKER_HOST": "tcp://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-S", "-E", *command],  # -S: no site-packages, as before any venv
        cwd=REPOSITORY, env=variables, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("engine: no engine answers at tcp://127.0.0.1:1")
    assert done.stderr.count("\n") == 1
