"""We believe that a supervisor's word is taken as it is meant, and its silence as silence."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCServer

import pytest
from rollout.supervisors import (
    Process,
    Supervisor,
    SupervisorError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Host:
    """A supervisor in memory; ``fault`` is what it answers a deed with."""

    def __init__(self) -> None:
        self.state = "STOPPED"
        self.fault = 0
        self.done: list[tuple[object, ...]] = []

    def info(self, program: Any) -> Any:  # noqa: ANN401 - as the server's stubs have it
        return {"name": program, "statename": self.state}

    def deed(self, name: str, *words: object) -> bool:
        self.done.append((name, *words))
        if self.fault:
            raise Fault(self.fault, "refused")
        return True


@pytest.fixture
def host() -> Iterator[tuple[Host, Supervisor]]:
    host = Host()
    with SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False) as server:
        server.register_function(host.info, "supervisor.getProcessInfo")
        for name in ("startProcess", "stopProcess", "signalProcess"):

            def deed(*words: object, name: str = name) -> bool:
                return host.deed(name, *words)

            server.register_function(deed, f"supervisor.{name}")
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield host, Supervisor("127.0.0.1", int(server.server_address[1]))
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("said", "process"),
    [
        ("STARTING", Process.RUNNING),
        ("RUNNING", Process.RUNNING),
        ("STOPPING", Process.STOPPING),
        ("STOPPED", Process.STOPPED),
        ("EXITED", Process.DIED),
        ("FATAL", Process.DIED),
        ("BACKOFF", Process.DIED),
    ],
)
def test_states(host: tuple[Host, Supervisor], said: str, process: Process) -> None:
    host[0].state = said
    assert host[1].state() is process


def test_nobody_there_is_silence() -> None:
    assert Supervisor("127.0.0.1", 1).state() is Process.SILENT


def test_killing_counts_as_stopping_first(host: tuple[Host, Supervisor]) -> None:
    host[1].kill()
    assert host[0].done == [
        ("stopProcess", "orders", False),
        ("signalProcess", "orders", "KILL"),
    ]


def test_what_is_so_already_is_no_error_and_anything_else_is(
    host: tuple[Host, Supervisor],
) -> None:
    host[0].fault = 60
    host[1].start()
    with pytest.raises(SupervisorError, match="did not take stopProcess"):
        host[1].stop()
    host[0].fault = 70
    host[1].stop()
    with pytest.raises(SupervisorError, match="did not take startProcess"):
        host[1].start()
