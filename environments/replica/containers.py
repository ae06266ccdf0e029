"""The engine and one container in it: every call bounded, every failure one sentence."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from environments.model import (
    CommandTimedOutError,
    Completed,
    GoneError,
    UnreachableError,
    WorldError,
)
from environments.replica.engine_address import docker_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

ANSWER_SECONDS = 10  # the engine's longest silence; a busy one takes two or three
CONNECTIONS = 48  # threads that may speak to the engine at once
KILL_AFTER_SECONDS = 0.5  # from TERM to KILL for a command whose time is up
ENGINE_SLACK_SECONDS = 3.0  # what the engine may take to start a command and tell its end
LAST_WORD_SECONDS = 2.0  # what it may take then to say how the command ended
POLL_SECONDS = 0.05
SHORTEST_SECONDS = 0.05  # a time-out of nothing would mean none
TIMED_OUT_CODES = {124, 137}  # of timeout(1), ended by TERM or by KILL
NOBODY = "0" * 64  # the id of a container that is not there
_CONTAINER_ID = re.compile(r"[Cc]ontainer:? [0-9a-f]{64}")  # the node's name stands before it
_DEADLINE: ContextVar[float] = ContextVar("deadline", default=float("inf"))


class Engine(docker.APIClient):
    """The SDK's client, no call of which waits beyond the deadline that is set around it."""

    @property
    def is_local(self) -> bool:
        """Whether it is spoken with over a socket of this host."""
        return self.base_url == "http+docker://localhost"  # the SDK's word for it

    def _set_request_timeout(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        left = max(SHORTEST_SECONDS, _DEADLINE.get() - time.monotonic())
        kwargs["timeout"] = min(kwargs.get("timeout", self.timeout), left)
        return kwargs


@contextmanager
def answering_until(deadline: float) -> Iterator[None]:
    """Bound every call to an engine in here by that moment of the monotonic clock."""
    token = _DEADLINE.set(min(deadline, _DEADLINE.get()))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def connect(engine: Mapping[str, str] | None = None) -> Engine:
    """Make a client that many threads may share; whoever asked for it closes it.

    ``engine`` is what ``docker_environment`` gave, here or in another process; None asks it.

    Raises:
        WorldError: no engine answers.
    """
    address = docker_environment() if engine is None else dict(engine)
    with speaking("the engine", "be reached"):
        return Engine(
            **kwargs_from_env(environment=address),
            version="auto",
            timeout=ANSWER_SECONDS,
            max_pool_size=CONNECTIONS,
        )


@contextmanager
def speaking(who: str, doing: str) -> Iterator[None]:
    """Turn what the engine says into one sentence: "<who> could not <doing>: …".

    Raises:
        GoneError: the engine does not know what it was asked for.
        UnreachableError: the engine did not answer in time, or is not there.
        WorldError: the engine refused.
    """
    try:
        yield
    except NotFound as error:
        raise GoneError(f"{who} could not {doing}: it is not there any more") from error
    except APIError as error:
        why = _CONTAINER_ID.sub("it", str(error.explanation))
        raise WorldError(
            f"{who} could not {doing}: {why}; mend that first, or take a fresh environment"
        ) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise UnreachableError(
            f"{who} could not {doing}: the engine did not answer ({error}); "
            "`make engine` makes sure that one does"
        ) from error


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a run, by its id: killing and starting it does not change that."""

    name: str  # the node's
    id: str
    engine: Engine = field(repr=False)

    def inspect(self) -> Mapping[str, Any]:
        """Give all that the engine says of it.

        Raises:
            GoneError: it is not there any more.
        """
        with speaking(self.name, "be inspected"):
            return dict(self.engine.inspect_container(self.id))

    def state(self) -> Mapping[str, Any]:
        """Give the engine's ``State`` of it: ``Running``, ``Paused``, ``Pid`` and more."""
        return dict(self.inspect()["State"])

    def address(self) -> str:
        """Its address on the run's network now.

        Raises:
            WorldError: it has none, since it does not run.
        """
        networks = self.inspect()["NetworkSettings"]["Networks"].values()
        address = next((str(network["IPAddress"]) for network in networks), "")
        if not address:
            raise WorldError(f"{self.name} has no address, for it does not run: start it first")
        return address

    def is_running(self) -> bool:
        """Whether it runs; a container that is gone does not."""
        try:
            return bool(self.state()["Running"])
        except GoneError:
            return False

    def execute(
        self, command: Sequence[str], *, within: timedelta, variables: Mapping[str, str]
    ) -> Completed:
        """Run a command in it, bounded from within by timeout(1) and from outside.

        The bound outside is for a container that is paused while the command runs, and for
        an engine that hangs.

        Raises:
            CommandTimedOutError: it was still running after ``within``; it was ended.
            UnreachableError: the engine hangs, so nobody knows what came of it.
            WorldError: the container is not there, or is paused.
        """
        seconds = within.total_seconds()
        bounded = ["timeout", "-k", str(KILL_AFTER_SECONDS), f"{seconds:.3f}", *command]
        began = time.monotonic()
        deadline = began + seconds + KILL_AFTER_SECONDS + ENGINE_SLACK_SECONDS
        with (
            speaking(self.name, f"run {command[0]!r}"),
            answering_until(deadline + LAST_WORD_SECONDS),
        ):
            output, code = self._output(bounded, variables, deadline)
        took = time.monotonic() - began
        if code is None or (code in TIMED_OUT_CODES and took >= seconds):
            raise CommandTimedOutError(
                f"{self.name}: `{' '.join(command)}` was still running after {seconds:g} s; "
                "allow it more time or find out what it waits for"
            )
        if output is None:
            raise UnreachableError(
                f"{self.name} ran {command[0]!r}, which ended with exit code {code}, and the "
                "engine gave no end of its output: see whether the engine hangs, or whether "
                "the command left a process behind that keeps its output open"
            )
        stdout, stderr = demultiplex(output)
        return Completed(code, stdout, stderr, took)

    def _output(
        self, command: Sequence[str], variables: Mapping[str, str], deadline: float
    ) -> tuple[bytes | None, int | None]:
        """Run it, and give its output and exit code; None of what had not ended."""
        execution = self.engine.exec_create(
            self.id, list(command), environment=dict(variables)
        )["Id"]
        output = _read(self.engine.exec_start(execution, socket=True), deadline)
        return output, self._exit_code(execution, deadline)

    def _exit_code(self, execution: str, deadline: float) -> int | None:
        """Give its exit code, for which the engine may need longer than for its output."""
        pause = Event()
        while True:
            code: int | None = self.engine.exec_inspect(execution)["ExitCode"]
            if code is not None or time.monotonic() >= deadline:
                return code
            pause.wait(POLL_SECONDS)

    def log(self, *, since: datetime) -> str:
        """Give what it wrote since then, each line with the engine's time stamp."""
        with speaking(self.name, "show its log"):
            text = self.engine.logs(self.id, since=since.timestamp(), timestamps=True)
        return bytes(text).decode(errors="replace")

    def last_lines(self, count: int = 15) -> str:
        with speaking(self.name, "show its log"):
            text = self.engine.logs(self.id, tail=count)
        return bytes(text).decode(errors="replace").rstrip()


def _read(stream: Any, deadline: float) -> bytes | None:  # noqa: ANN401 # the SDK has no type for it
    """Everything until the stream ends, or None where it had not ended by the deadline.

    The SDK's own reader waits without limit. The buffered file under the response is read
    rather than the socket, since it may hold the first bytes already.
    """
    response = stream._response  # noqa: SLF001 # the SDK leaves it there for its owner
    file, socket = response.raw._fp.fp, getattr(stream, "_sock", stream)  # noqa: SLF001 # as above
    received = bytearray()
    try:
        while (left := deadline - time.monotonic()) > 0:
            socket.settimeout(left)
            chunk = file.read1(65536)
            if not chunk:
                return bytes(received)
            received += chunk
    except TimeoutError:
        pass
    finally:
        response.close()
    return None


def demultiplex(output: bytes) -> tuple[str, str]:
    """Split the engine's stream into standard output and standard error.

    Frames: a byte for the stream (2 is stderr), three of nothing, four for the length
    (https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach).
    """
    parts = {1: bytearray(), 2: bytearray()}
    at = 0
    while at + 8 <= len(output):
        kind, length = output[at], int.from_bytes(output[at + 4 : at + 8], "big")
        parts[2 if kind == 2 else 1] += output[at + 8 : at + 8 + length]  # noqa: PLR2004 # stderr
        at += 8 + length
    return parts[1].decode(errors="replace"), parts[2].decode(errors="replace")
