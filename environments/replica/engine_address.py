"""Which Docker engine is meant, and whether it answers.

Decided as the docker command decides it: ``DOCKER_HOST``, then ``DOCKER_CONTEXT``, then the
context in use, then the local socket
(https://docs.docker.com/engine/manage-resources/contexts/). The engine is spoken to by its
HTTP API, so no docker command is needed. Nothing but the standard library is needed, here
or in ``environments.model``.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import ssl
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from environments.model import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL = "unix:///var/run/docker.sock"
ANSWER_SECONDS = 5.0
CERTIFICATES = ("ca.pem", "cert.pem", "key.pem")


class EngineError(NotReadyError):
    """No engine can be used; the message is a sentence with a remedy."""


class NoAnswerError(Exception):
    """Nothing that speaks the engine's API answered; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the engine is, and who said so."""

    url: str  # unix:///path or tcp://host:port
    said_by: str | None = None  # None: nobody, so it is the local one, which we may start
    certificates: Path | None = None  # the folder of ca.pem, cert.pem and key.pem, for TLS


def engine_address(variables: Mapping[str, str]) -> Address:
    """Find out which engine is meant, from these environment variables and docker's files.

    Raises:
        EngineError: the context that is asked for does not exist or cannot be read.
    """
    folder = Path(variables.get("DOCKER_CONFIG") or Path.home() / ".docker")
    if url := variables.get("DOCKER_HOST"):
        if url == LOCAL:
            return Address(url)
        secured = variables.get("DOCKER_TLS_VERIFY") or variables.get("DOCKER_CERT_PATH")
        certificates = Path(variables.get("DOCKER_CERT_PATH") or folder) if secured else None
        return Address(url, "DOCKER_HOST", certificates)
    context = variables.get("DOCKER_CONTEXT") or _context_in_use(folder / "config.json")
    return Address(LOCAL) if context == "default" else _context_address(folder, context)


def _context_in_use(config: Path) -> str:
    if not config.exists():
        return "default"
    try:
        return str(json.loads(config.read_bytes()).get("currentContext") or "default")
    except (OSError, ValueError, AttributeError) as error:
        raise EngineError(
            f"cannot read {config} ({error}); mend it or set DOCKER_HOST"
        ) from error


def _context_address(folder: Path, context: str) -> Address:
    digest = hashlib.sha256(context.encode()).hexdigest()  # docker names its folders so
    meta = folder / "contexts" / "meta" / digest / "meta.json"
    try:
        url = str(json.loads(meta.read_bytes())["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise EngineError(
            f"the docker context {context!r} cannot be used ({meta}: {error}); "
            "choose another with DOCKER_CONTEXT, or set DOCKER_HOST"
        ) from error
    certificates = folder / "contexts" / "tls" / digest / "docker"
    secured = certificates if certificates.is_dir() else None
    return Address(url, f"the docker context {context!r}", secured)


def docker_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what brings the docker SDK, which ignores contexts, to the same engine.

    Raises:
        EngineError: the context that is asked for does not exist or cannot be read.
    """
    address = engine_address(os.environ if variables is None else variables)
    environment = {"DOCKER_HOST": address.url}
    if address.certificates:
        environment |= {
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(address.certificates),
        }
    return environment


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _url_parts(url: str) -> tuple[str, str | None, int | None, str]:
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:  # a port out of range, half an IPv6 address
        return "", None, None, ""
    return parts.scheme, parts.hostname, port, parts.path


def _connection(address: Address, seconds: float) -> http.client.HTTPConnection:
    scheme, host, port, path = _url_parts(address.url)
    if scheme == "unix":
        return _UnixConnection(path, seconds)
    if scheme not in {"tcp", "http", "https"} or not host:
        raise EngineError(
            f"cannot speak to an engine at {address.url}, which {address.said_by} names; "
            "give unix:///path or tcp://host:port (ssh -L makes one of a remote engine)"
        )
    if address.certificates is None and scheme != "https":
        return http.client.HTTPConnection(host, port or 2375, timeout=seconds)
    trust = ssl.create_default_context()
    if address.certificates:
        authority, certificate, key = (address.certificates / name for name in CERTIFICATES)
        trust.load_verify_locations(authority)
        trust.load_cert_chain(certificate, key)
    return http.client.HTTPSConnection(host, port or 2376, timeout=seconds, context=trust)


def ping(address: Address, seconds: float = ANSWER_SECONDS) -> str:
    """Ask the engine for the version of its API, such as "1.41".

    Raises:
        NoAnswerError: nothing answered in time, or it was not a Docker engine.
        EngineError: nobody can speak to such an address.
    """
    try:
        connection = _connection(address, seconds)
        try:
            connection.request("GET", "/_ping")
            answer = connection.getresponse()
            version = answer.getheader("Api-Version")
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError(str(error) or type(error).__name__) from error
    if answer.status != http.HTTPStatus.OK or version is None:
        raise NoAnswerError(f"HTTP {answer.status}, which is not how a ready engine answers")
    return version
