"""The engine and one container in it: every call bounded, every failure one sentence."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from environments.model import CommandTimedOutError, Completed, WorldError
from environments.replica.engine_address import docker_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

RUN_LABEL = "muster.run"
NODE_LABEL = "muster.node"

ANSWER_SECONDS = 30  # the engine's longest answer; removing a busy container takes seconds
CONNECTIONS = 48  # threads that may speak to the engine at once
KILL_AFTER_SECONDS = 0.5  # from TERM to KILL for a command whose time is up
ENGINE_SLACK_SECONDS = 3.0  # what the engine may take to start a command and tell its end
TIMED_OUT_CODES = {124, 137}  # of timeout(1), ended by TERM or by KILL
_CONTAINER_ID = re.compile(r"[Cc]ontainer [0-9a-f]{64}")  # the node's name stands before it


def connect() -> docker.APIClient:
    """Make a client that many threads may share; whoever asked for it closes it.

    Raises:
        WorldError: no engine answers.
    """
    with speaking("the engine", "be reached"):
        return docker.APIClient(
            **_address(),
            version="auto",
            timeout=ANSWER_SECONDS,
            max_pool_size=CONNECTIONS,
        )


def _address() -> dict[str, Any]:
    return dict(kwargs_from_env(environment=docker_environment()))


@contextmanager
def speaking(who: str, doing: str) -> Iterator[None]:
    """Turn what the engine says into one sentence: "<who> could not <doing>: …".

    Raises:
        WorldError: the engine refused, did not answer in time, or is not there.
    """
    try:
        yield
    except NotFound as error:
        raise WorldError(f"{who} could not {doing}: it is not there any more") from error
    except APIError as error:
        why = _CONTAINER_ID.sub("it", str(error.explanation))
        raise WorldError(
            f"{who} could not {doing}: {why}; mend that first, or take a fresh environment"
        ) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise WorldError(
            f"{who} could not {doing}: the engine did not answer ({error}); "
            "`make engine` makes sure that one does"
        ) from error


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a run, by its id: killing and starting it does not change that."""

    name: str  # the node's
    id: str
    engine: docker.APIClient = field(repr=False)

    def state(self) -> Mapping[str, Any]:
        """Give the engine's ``State`` of it: ``Running``, ``Paused``, ``Pid`` and more."""
        with speaking(self.name, "be inspected"):
            return dict(self.engine.inspect_container(self.id)["State"])

    def address(self) -> str:
        """Its address on the run's network now."""
        with speaking(self.name, "be inspected"):
            settings = self.engine.inspect_container(self.id)["NetworkSettings"]
        return next(str(network["IPAddress"]) for network in settings["Networks"].values())

    def is_running(self) -> bool:
        """Whether it runs; a container that is gone does not."""
        try:
            return bool(self.engine.inspect_container(self.id)["State"]["Running"])
        except NotFound:
            return False
        except (DockerException, requests.RequestException) as error:
            raise WorldError(f"{self.name} could not be inspected: {error}") from error

    def execute(
        self, command: Sequence[str], *, within: timedelta, variables: Mapping[str, str]
    ) -> Completed:
        """Run a command in it, bounded from within by timeout(1) and from outside.

        The bound outside is for a container that is paused while the command runs.

        Raises:
            CommandTimedOutError: it was still running after ``within``; it was ended.
            WorldError: the container is not there, or is paused.
        """
        seconds = within.total_seconds()
        bounded = ["timeout", "-k", str(KILL_AFTER_SECONDS), f"{seconds:.3f}", *command]
        began = time.monotonic()
        deadline = began + seconds + KILL_AFTER_SECONDS + ENGINE_SLACK_SECONDS
        with speaking(self.name, f"run {command[0]!r}"):
            execution = self.engine.exec_create(self.id, bounded, environment=dict(variables))
            stream = self.engine.exec_start(execution["Id"], socket=True)
            output = _read(stream, deadline)
            code = self.engine.exec_inspect(execution["Id"])["ExitCode"]
        took = time.monotonic() - began
        if output is None or code is None or (code in TIMED_OUT_CODES and took >= seconds):
            raise CommandTimedOutError(
                f"{self.name}: `{' '.join(command)}` was still running after {seconds:g} s; "
                "allow it more time or find out what it waits for"
            )
        stdout, stderr = demultiplex(output)
        return Completed(code, stdout, stderr, took)

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
