"""Where nodes ask: https, and a certificate of each says who it is.

GET  /files?known=MARK&wait=SECONDS    what the node is to have, once its mark is another one
POST /issue    {"certificate": KIND, "request": PEM}
POST /applied  {"version": VERSION}
"""

from __future__ import annotations

import json
import select
import ssl
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from .authority import Authority, NotCertifiedError
from .policy import Files, Grants, Policy, document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .memory import Memory
    from .readers import Nodes
    from .trail import Trail

IDENTITY = "identity"
PORT, HEALTH_PORT = 8200, 8201
LONGEST_WAIT_SECONDS = 30.0
LOOK_EVERY_SECONDS = 1.0  # whether who listens is still there
GONE_AFTER_SECONDS = 3.0  # of silence; a node that starts again tries for longer
LONGEST_BODY_BYTES = 20_000
SILENCE_SECONDS = 60.0


class RefusedError(Exception):
    """What was asked for is not given; ``status`` and the message say why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Presence:
    """Which nodes listen now, by the identity that they were given here."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heard_at: dict[str, float] = {}

    def heard(self, node: str) -> None:
        self._heard_at[node] = self._clock()

    def stays(self, node: str) -> None:
        """Hear it again, if it is here: who is not may listen with what it begins with."""
        if self.is_here(node):
            self.heard(node)

    def is_here(self, node: str) -> bool:
        heard_at = self._heard_at.get(node)
        return heard_at is not None and self._clock() - heard_at < GONE_AFTER_SECONDS


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers nodes whose names are certain."""

    memory: Memory
    policy: Policy
    files: Files
    authority: Authority
    nodes: Nodes
    trail: Trail
    presence: Presence = field(default_factory=lambda: Presence(time.monotonic))

    def admit(self, shown: bytes) -> str:
        """Name who shows this certificate (DER), which the connection found to be good.

        What a node begins with is on its disk. It is good for nothing while the node runs, and
        so listens here with an identity that is not: somebody else shows it.

        Raises:
            RefusedError: it is an identity that was replaced.
        """
        certificate = x509.load_der_x509_certificate(shown)
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        node = str(name.value)
        if self.authority.issued(certificate):
            is_good = self.memory.admits(node, str(certificate.serial_number))
            if is_good:
                self.presence.heard(node)
        else:
            is_good = not self.presence.is_here(node)
        if not is_good:
            self.trail.tell(node, "was refused", "everything", why="its identity is an old one")
            raise RefusedError(HTTPStatus.FORBIDDEN, "this identity was replaced")
        return node

    def files_of(
        self, node: str, known: str, wait: float, is_there: Callable[[], bool]
    ) -> Mapping[str, Any] | None:
        """Give what a node is to have; None where nothing changed in this time, or it left."""
        grants = self._grants(node)
        end = time.monotonic() + min(wait, LONGEST_WAIT_SECONDS)
        with self.memory.changed:
            while (told := document(node, grants, self.memory, self.files))["mark"] == known:
                left = end - time.monotonic()
                if left <= 0 or not is_there():
                    return None
                self.presence.stays(node)
                self.memory.changed.wait(min(left, LOOK_EVERY_SECONDS))
        self.trail.tell(node, "read", ", ".join(grants.files) or "no secret")
        return told

    def issue(self, node: str, kind: str, request: str) -> Mapping[str, Any]:
        names = self._grants(node).certificates.get(kind)
        if names is None:
            raise RefusedError(HTTPStatus.FORBIDDEN, f"{node} may have no {kind} certificate")
        seconds = self.memory.lifetime(kind).seconds_of(node)
        try:
            chain = self.authority.certify(request, kind, names, seconds)
        except NotCertifiedError as error:
            self.trail.tell(node, "was refused", f"a {kind} certificate", why=str(error))
            raise RefusedError(HTTPStatus.FORBIDDEN, str(error)) from error
        if kind == IDENTITY:
            issued = x509.load_pem_x509_certificate(chain.encode())
            self.memory.expect(node, str(issued.serial_number))
        self.trail.tell(node, "was certified", f"{kind}: {', '.join(names)}", seconds=seconds)
        return {"chain": chain, "seconds": seconds}

    def applied(self, node: str, version: int) -> Mapping[str, Any]:
        self.nodes.note(node, version)
        return {}

    def _grants(self, node: str) -> Grants:
        grants = self.policy.grants.get(node)
        if grants is None:
            self.trail.tell(node, "was refused", "everything", why="it is in no policy")
            raise RefusedError(
                HTTPStatus.FORBIDDEN, f"{node or 'nobody'} may have nothing here"
            )
        return grants


class _Handler(BaseHTTPRequestHandler):
    desk: ClassVar[Desk]
    protocol_version = "HTTP/1.1"
    timeout = SILENCE_SECONDS

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: what matters is told to the trail."""

    def _get(self) -> Mapping[str, Any] | None:
        url = urlsplit(self.path)
        if url.path != "/files":
            raise RefusedError(HTTPStatus.NOT_FOUND, "no such page")
        asked = {name: values[-1] for name, values in parse_qs(url.query).items()}
        return self.desk.files_of(
            self._node(),
            asked.get("known", ""),
            float(asked.get("wait", "0")),
            self._is_there,
        )

    def _post(self) -> Mapping[str, Any]:
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 < length <= LONGEST_BODY_BYTES:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too much, or nothing")
        told = json.loads(self.rfile.read(length))
        if self.path == "/issue":
            return self.desk.issue(self._node(), str(told["certificate"]), str(told["request"]))
        if self.path == "/applied":
            return self.desk.applied(self._node(), int(told["version"]))
        raise RefusedError(HTTPStatus.NOT_FOUND, "no such page")

    def _answer(self, question: Any) -> None:  # noqa: ANN401 - one of the two above
        try:
            told = question()
        except RefusedError as error:
            self._send(error.status, {"error": str(error)})
        except (ValueError, KeyError, TypeError) as error:
            self._send(HTTPStatus.BAD_REQUEST, {"error": f"this cannot be read: {error!r}"})
        else:
            self._send(HTTPStatus.NO_CONTENT if told is None else HTTPStatus.OK, told)

    def _send(self, status: HTTPStatus, told: Mapping[str, Any] | None) -> None:
        body = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _is_there(self) -> bool:
        """Whether who asked still waits: until it is answered it has nothing else to say."""
        return not select.select([self.connection], [], [], 0)[0]

    def _node(self) -> str:
        """Name who asks, by the certificate that was shown."""
        shown = cast("ssl.SSLSocket", self.connection).getpeercert(binary_form=True)
        return self.desk.admit(shown or b"")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext

    def get_request(self) -> tuple[Any, Any]:
        """Shake hands in the thread of the request: one that is slow holds up nobody else."""
        connection, address = super().get_request()
        connection.settimeout(SILENCE_SECONDS)
        return (
            self.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            ),
            address,
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that end early: their nodes come again."""


def server(
    desk: Desk, context: ssl.SSLContext, address: tuple[str, int]
) -> ThreadingHTTPServer:
    """Make it; whoever asks must show a certificate that ``context`` trusts."""
    handler = type("Handler", (_Handler,), {"desk": desk})
    made = _Server(address, handler)
    made.context = context
    return made


class _HealthHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: it is asked all the time."""


def health(address: tuple[str, int]) -> ThreadingHTTPServer:
    """Make what says to everybody that the vault is there, and nothing else."""
    return ThreadingHTTPServer(address, _HealthHandler)


def context_of(folder: Any) -> ssl.SSLContext:  # noqa: ANN401 - a Path
    """Give what a server shows and whom it trusts, from a node's identity folder."""
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cafile=folder / "authority.pem"
    )
    context.load_cert_chain(folder / "identity.pem", folder / "identity.key")
    context.verify_mode = ssl.CERT_REQUIRED
    return context
