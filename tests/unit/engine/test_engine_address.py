"""We believe that the engine is found as docker finds it, and knows when it answers."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from environments.replica.engine_address import (
    LOCAL,
    Address,
    EngineError,
    NoAnswerError,
    docker_environment,
    engine_address,
    ping,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def write_context(folder: Path, name: str, host: str, *, tls: bool = False) -> Path:
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / digest
    meta.mkdir(parents=True)
    content = {"Name": name, "Endpoints": {"docker": {"Host": host}}}
    (meta / "meta.json").write_text(json.dumps(content))
    certificates = folder / "contexts" / "tls" / digest / "docker"
    if tls:
        certificates.mkdir(parents=True)
    return certificates


def test_nobody_says_where_the_engine_is(tmp_path: Path) -> None:
    assert engine_address({"DOCKER_CONFIG": str(tmp_path)}) == Address(LOCAL)


def test_docker_host_wins_over_a_context(tmp_path: Path) -> None:
    write_context(tmp_path, "other", "tcp://127.0.0.1:1")
    variables = {
        "DOCKER_CONFIG": str(tmp_path),
        "DOCKER_CONTEXT": "other",
        "DOCKER_HOST": "tcp://127.0.0.1:2375",
    }
    assert engine_address(variables) == Address("tcp://127.0.0.1:2375", "DOCKER_HOST")


def test_the_named_context_wins_over_the_one_in_use(tmp_path: Path) -> None:
    write_context(tmp_path, "used", "unix:///used.sock")
    write_context(tmp_path, "named", "unix:///named.sock")
    (tmp_path / "config.json").write_text('{"currentContext": "used"}')
    used = engine_address({"DOCKER_CONFIG": str(tmp_path)})
    named = engine_address({"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "named"})
    assert (used.url, named.url) == ("unix:///used.sock", "unix:///named.sock")


def test_the_default_context_is_the_local_engine(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"currentContext": "default"}')
    assert engine_address({"DOCKER_CONFIG": str(tmp_path)}) == Address(LOCAL)


def test_the_sdk_is_given_the_context_and_its_certificates(tmp_path: Path) -> None:
    certificates = write_context(tmp_path, "far", "tcp://127.0.0.1:2376", tls=True)
    variables = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "far"}
    assert docker_environment(variables) == {
        "DOCKER_HOST": "tcp://127.0.0.1:2376",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(certificates),
    }


def test_certificates_beside_docker_host() -> None:
    variables = {"DOCKER_HOST": "tcp://127.0.0.1:2376", "DOCKER_CERT_PATH": "/certificates"}
    assert engine_address(variables).certificates == Path("/certificates")


@pytest.mark.parametrize("config", ["{", "[]", '"text"'])
def test_a_broken_docker_configuration_is_named(tmp_path: Path, config: str) -> None:
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(EngineError, match=r"config\.json .*mend it or set DOCKER_HOST"):
        engine_address({"DOCKER_CONFIG": str(tmp_path)})


def test_a_context_that_does_not_exist_is_named(tmp_path: Path) -> None:
    variables = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "nope"}
    with pytest.raises(EngineError, match="context 'nope' cannot be used"):
        engine_address(variables)


@pytest.mark.parametrize("url", ["ssh://host", "tcp://", "tcp://h:99999", "tcp://[::1", "x"])
def test_an_address_nobody_can_speak_to(url: str) -> None:
    with pytest.raises(EngineError, match="which DOCKER_HOST names; give unix:"):
        ping(Address(url, "DOCKER_HOST"))


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[str]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix://{path}"
        thread.join()


def test_an_engine_that_answers_says_its_version(tmp_path: Path) -> None:
    reply = b"HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 2\r\n\r\nOK"
    with answering(tmp_path / "s", reply) as url:
        assert ping(Address(url)) == "1.44"


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nApi-Version: 1.44\r\nContent-Length: 0\r\n\r\n",
        b"+PONG\r\n",
        b"",
    ],
    ids=["not docker", "not ready", "not http", "hangs up"],
)
def test_what_answers_is_not_an_engine(tmp_path: Path, reply: bytes) -> None:
    with answering(tmp_path / "s", reply) as url, pytest.raises(NoAnswerError):
        ping(Address(url))
