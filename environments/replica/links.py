"""Links through Toxiproxy: the one file that knows toxiproxy-python.

The server is the official Toxiproxy 2 or the bundled one that speaks the same HTTP API;
nothing here can tell them apart. What an impairment is made of is written into the name
of its toxic, so that another process finds and mends it from the server alone; toxics
with other names are somebody else's and are left alone.

toxiproxy-python 0.1.1 has no time-outs, passes over server errors, and keeps its host in
a class shared by all: here one lock guards it, and for the length of each call its
``requests`` is one with a time-out that raises on server errors. The time-out bounds the
connection and each wait for bytes; an answer is a few hundred bytes long.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from socket import create_connection
from typing import TYPE_CHECKING

import requests
from toxiproxy import Proxy, Toxiproxy, api  # type: ignore[import-untyped] # ships no types
from toxiproxy.api import APIConsumer  # type: ignore[import-untyped] # ships no types
from toxiproxy.exceptions import (  # type: ignore[import-untyped] # ships no types
    InvalidToxic,
    NotFound,
    ProxyExists,
)

from environments.model import (
    Bandwidth,
    ConnectionReset,
    Down,
    GoneError,
    Impairment,
    ImpairmentError,
    Latency,
    RoundTrip,
    Stream,
    WorldError,
)

if TYPE_CHECKING:
    from toxiproxy.toxic import Toxic  # type: ignore[import-untyped] # ships no types

Greeting = Callable[[int], bytes]
"""Makes a request of at least so many bytes that the called part answers."""

_LIBRARY = threading.Lock()
_LIBRARY_ERRORS = (
    requests.RequestException,
    InvalidToxic,
    NotFound,
    ProxyExists,
    KeyError,  # what the library makes of an answer without the fields it looks for
    ValueError,  # what it makes of an answer that is not JSON
)
_PREFIX = "muster"
_DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link to be: where Toxiproxy listens for its callers, and whom it calls for them."""

    name: str
    listen_port: int
    upstream: str
    greeting: Greeting


class LinksServer:
    """A Toxiproxy server, reached at the host and port of its HTTP API.

    One that is gone has no port; it says so when it is asked anything.
    """

    def __init__(
        self, host: str, port: int | None, *, answers_within: timedelta = timedelta(seconds=5)
    ) -> None:
        self._host = host
        self._port = port
        self._answers_within = answers_within

    def __str__(self) -> str:
        return f"toxiproxy at {self._host}:{self._port}"

    def version(self) -> str:
        """Ask for the version; old servers answer in plain text, newer ones in JSON.

        Raises:
            WorldError: the server does not answer.
        """
        with self.library("say its version"):
            answer: bytes = APIConsumer.get("/version").content
        try:
            return str(json.loads(answer)["version"])
        except (ValueError, KeyError, TypeError):
            return answer.decode(errors="replace").strip()

    def populate(self, specs: Iterable[LinkSpec], *, listen_host: str = "0.0.0.0") -> None:  # noqa: S104 - inside its container
        """Make the server have these links; those it has with the same ends stay as they are.

        Raises:
            ImpairmentError: a link is not there when read back.
            WorldError: the server does not answer.
        """
        for spec in specs:
            with self.library(f"set up the link {spec.name}") as library:
                if _has_ends_of(library.get_proxy(spec.name), spec):
                    continue
                self._replace(library, spec, listen_host)
                if not _has_ends_of(library.get_proxy(spec.name), spec):
                    raise ImpairmentError(
                        f"{self} does not have the link {spec.name} after it was set up: "
                        "see its log"
                    )

    def links(
        self, specs: Iterable[LinkSpec], address: Callable[[], str]
    ) -> list[ToxiproxyLink]:
        """Give the links; ``address`` says where their listeners are now, seen from here."""
        return [ToxiproxyLink(self, spec, address) for spec in specs]

    def marks(self) -> Mapping[str, frozenset[str]]:
        """What is on each link that the server has, whoever made the link and put it there.

        A toxic is known by its name; a link on which nobody listens is marked as disabled.

        Raises:
            WorldError: the server does not answer.
        """
        with self.library("say what is on its links") as library:
            return {
                name: frozenset((*proxy.toxics(), *(() if proxy.enabled else (_DISABLED,))))
                for name, proxy in library.proxies().items()
            }

    @contextmanager
    def library(self, doing: str) -> Iterator[Toxiproxy]:
        """Lend toxiproxy-python, aimed at this server and bounded; one thread at a time.

        Raises:
            WorldError: the library raised; ``doing`` completes "could not …".
        """
        if self._port is None:
            raise GoneError(f"the links' server could not {doing}: it is not there any more")
        with _LIBRARY, closing(_Bounded(self._answers_within.total_seconds())) as bounded:
            APIConsumer.host, APIConsumer.port = self._host, self._port
            unbounded, api.requests = api.requests, bounded
            try:
                yield Toxiproxy()
            except _LIBRARY_ERRORS as error:
                raise ImpairmentError(
                    f"{self} could not {doing} ({_said(error)}): see that it runs, and its log"
                ) from error
            finally:
                api.requests = unbounded

    def _replace(self, library: Toxiproxy, spec: LinkSpec, listen_host: str) -> None:
        existing = library.get_proxy(spec.name)
        if existing is not None:
            library.destroy(existing)
        library.create(
            name=spec.name, upstream=spec.upstream, listen=f"{listen_host}:{spec.listen_port}"
        )


class ToxiproxyLink:
    """A link through one of a server's proxies."""

    def __init__(self, server: LinksServer, spec: LinkSpec, address: Callable[[], str]) -> None:
        self._server = server
        self._spec = spec
        self._address = address

    @property
    def name(self) -> str:
        return self._spec.name

    def impair(self, impairment: Impairment) -> None:
        with self._proxy(f"impair {self.name} with {impairment}") as proxy:
            if impairment not in _impairments(proxy):
                _put_on(proxy, impairment)
        if impairment not in self.impairments():
            raise ImpairmentError(
                f"{self.name} did not take {impairment}: see the log of {self._server}"
            )

    def mend(self, impairment: Impairment) -> None:
        with self._proxy(f"mend {self.name} of {impairment}") as proxy:
            if impairment in _impairments(proxy):
                _take_off(proxy, impairment)
        if impairment in self.impairments():
            raise ImpairmentError(
                f"{self.name} did not give up {impairment}: see the log of {self._server}"
            )

    def impairments(self) -> frozenset[Impairment]:
        with self._proxy(f"say what is on {self.name}") as proxy:
            return _impairments(proxy)

    def mark_of(self, impairment: Impairment) -> str:
        return _DISABLED if isinstance(impairment, Down) else str(_toxic(impairment)["name"])

    def round_trip(self, *, payload_bytes: int = 0, within: timedelta) -> RoundTrip:
        request = self._spec.greeting(payload_bytes)
        listener = (self._address(), self._spec.listen_port)
        began = time.monotonic()
        failure = _ask(listener, request, deadline=began + within.total_seconds())
        return RoundTrip(seconds=time.monotonic() - began, failure=failure)

    @contextmanager
    def _proxy(self, doing: str) -> Iterator[Proxy]:
        with self._server.library(doing) as library:
            proxy = library.get_proxy(self.name)
            if proxy is None:
                raise ImpairmentError(
                    f"{self._server} has no link {self.name}: populate it before use"
                )
            yield proxy


class _Bounded:
    """What toxiproxy-python uses of ``requests``, with a time-out, errors and no proxies."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def get(self, **request: object) -> requests.Response:
        return self._send("GET", request)

    def post(self, **request: object) -> requests.Response:
        return self._send("POST", request)

    def delete(self, **request: object) -> requests.Response:
        return self._send("DELETE", request)

    def _send(self, method: str, request: Mapping[str, object]) -> requests.Response:
        response = self._session.request(
            method,
            timeout=self._timeout_seconds,
            **request,  # type: ignore[arg-type] # passed through
        )
        if response.status_code >= requests.codes.server_error:
            raise requests.HTTPError(response.text.strip())
        return response


def http_greeting(payload_bytes: int) -> bytes:
    """Ask for /; the payload is a header, so that no server answers before it has it all."""
    padding = b"X-Padding: " + b"x" * _at_most(payload_bytes, 15_000, "an HTTP header")
    return b"GET / HTTP/1.1\r\nHost: link\r\nConnection: close\r\n" + padding + b"\r\n\r\n"


def redis_greeting(payload_bytes: int) -> bytes:
    """Ask Redis to echo the payload (RESP, as any client would)."""
    return b"*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n" % (payload_bytes, b"x" * payload_bytes)


def postgres_greeting(payload_bytes: int) -> bytes:
    """Ask whether there is TLS; padded, start a session without a user, which is refused.

    Both are messages of PostgreSQL's frontend/backend protocol 3.0 ("SSLRequest" and
    "StartupMessage"); the server takes startup messages of up to 10,000 bytes.
    """
    if payload_bytes == 0:
        return (8).to_bytes(4) + (80877103).to_bytes(4)
    padding = b"x" * _at_most(payload_bytes, 9_900, "a startup message")
    content = (196608).to_bytes(4) + b"application_name\0" + padding + b"\0\0"
    return (4 + len(content)).to_bytes(4) + content


def _at_most(payload_bytes: int, limit: int, what: str) -> int:
    if payload_bytes > limit:
        raise ValueError(f"{what} carries at most {limit} bytes: ask for no more")
    return payload_bytes


def _has_ends_of(proxy: Proxy | None, spec: LinkSpec) -> bool:
    if proxy is None:
        return False
    port = str(proxy.listen).rpartition(":")[2]
    return bool(port == str(spec.listen_port) and proxy.upstream == spec.upstream)


def _said(error: BaseException) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return f"{type(error).__name__}: {text.strip()}"


def _impairments(proxy: Proxy) -> frozenset[Impairment]:
    found = {_impairment(toxic) for toxic in proxy.toxics().values()}
    if not proxy.enabled:
        found.add(Down())
    return frozenset(impairment for impairment in found if impairment is not None)


def _impairment(toxic: Toxic) -> Impairment | None:
    """Read a toxic back; None where it is not ours, or not (any more) what its name says."""
    values, stream = toxic.attributes, Stream(toxic.stream)
    found: Latency | Bandwidth | ConnectionReset
    match toxic.type:
        case "latency":
            found = Latency(values["latency"], values["jitter"], stream)
        case "bandwidth":
            found = Bandwidth(values["rate"], stream)
        case "reset_peer":
            found = ConnectionReset(values["timeout"], stream)
        case _:
            return None
    as_ours = _toxic(found)
    return found if (toxic.name, toxic.toxicity) == (as_ours["name"], 1) else None


def _put_on(proxy: Proxy, impairment: Impairment) -> None:
    if isinstance(impairment, Down):
        proxy.disable()
    else:
        proxy.add_toxic(**_toxic(impairment))


def _take_off(proxy: Proxy, impairment: Impairment) -> None:
    if isinstance(impairment, Down):
        proxy.enable()
    else:
        with suppress(NotFound):  # somebody else was faster; it is read back in any case
            proxy.destroy_toxic(_toxic(impairment)["name"])


def _toxic(impairment: Latency | Bandwidth | ConnectionReset) -> dict[str, object]:
    match impairment:
        case Latency(milliseconds, jitter):
            kind, attributes = "latency", {"latency": milliseconds, "jitter": jitter}
        case Bandwidth(rate):
            kind, attributes = "bandwidth", {"rate": rate}
        case ConnectionReset(after):
            kind, attributes = "reset_peer", {"timeout": after}
    values = [str(value) for value in attributes.values()]
    return {
        "name": "-".join([_PREFIX, kind, impairment.stream.value, *values]),
        "type": kind,
        "stream": impairment.stream.value,
        "toxicity": 1.0,
        "attributes": attributes,
    }


def _ask(address: tuple[str, int], request: bytes, *, deadline: float) -> str | None:
    """Send the request, wait for the first byte of an answer; name what failed, if anything."""
    try:
        with create_connection(address, timeout=_left(deadline)) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(request)
            connection.settimeout(_left(deadline))
            return None if connection.recv(1) else "closed"
    except ConnectionRefusedError:
        return "refused"
    except (ConnectionResetError, BrokenPipeError):
        return "reset"
    except TimeoutError:
        return "timeout"
    except OSError as error:
        raise WorldError(
            f"{address[0]}:{address[1]} cannot be reached from here ({error}): "
            "check that the link's listener is published"
        ) from error


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())
