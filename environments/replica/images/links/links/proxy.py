"""A proxy: a listener, an upstream, toxics, and the connections that are open."""

from __future__ import annotations

import asyncio
import socket

from . import errors
from .connection import Connection
from .listener import Listener, join_address, split_address
from .log import record
from .toxic import DOWNSTREAM, UPSTREAM, Toxic

# Beyond this many, callers wait in the kernel's queue: descriptors are finite.
MAX_CONNECTIONS = 4096
_CONNECT_SECONDS = 30.0


class Proxy:
    def __init__(self, name: str, listen: str, upstream: str) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self._listener: Listener | None = None
        self._toxics: dict[str, list[Toxic]] = {UPSTREAM: [], DOWNSTREAM: []}
        self._connections: set[Connection] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._upstream_answers = True

    @property
    def enabled(self) -> bool:
        return self._listener is not None

    @property
    def toxics(self) -> list[Toxic]:
        return [*self._toxics[UPSTREAM], *self._toxics[DOWNSTREAM]]

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "toxics": [toxic.as_json() for toxic in self.toxics],
        }

    def differs(self, listen: str, upstream: str) -> bool:
        """Whether these are other addresses; the name of a host counts as its IPv4 address.

        Raises:
            ApiError: 500, ``listen`` is no address.
        """
        return self.upstream != upstream or self.listen != _resolved(listen)

    def start(self) -> None:
        """Listen; does nothing where it listens already.

        Raises:
            ApiError: 500, the address cannot be listened on.
        """
        if self._listener is not None:
            return
        try:
            self._listener = Listener(self.listen, self._accepted)
        except (OSError, ValueError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise errors.internal(f"listen tcp {self.listen}: {why.lower()}") from error
        self.listen = self._listener.address
        record("proxy started", proxy=self.name, listen=self.listen, upstream=self.upstream)

    def stop(self) -> None:
        """Refuse callers from now on and drop every connection."""
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        for task in self._connecting:
            task.cancel()
        for connection in tuple(self._connections):
            connection.abort()
        record("proxy stopped", proxy=self.name, dropped=len(self._connections))

    def update(self, listen: str, upstream: str, *, enabled: bool) -> None:
        if self.differs(listen, upstream):
            self.stop()
            self.listen = listen
            self.upstream = upstream
        if enabled:
            self.start()
        else:
            self.stop()

    def toxic(self, name: str) -> Toxic:
        for toxic in self.toxics:
            if toxic.name == name:
                return toxic
        raise errors.toxic_not_found()

    def add_toxic(self, toxic: Toxic) -> None:
        if any(known.name == toxic.name for known in self.toxics):
            raise errors.toxic_already_exists()
        self._toxics[toxic.stream].append(toxic)
        for connection in tuple(self._connections):
            connection.add(toxic)
        record("toxic added", proxy=self.name, **toxic.as_json())

    def update_toxic(self, toxic: Toxic) -> None:
        """Put the toxic in the place of the one that has its name."""
        chain = self._toxics[toxic.stream]
        chain[chain.index(self.toxic(toxic.name))] = toxic
        for connection in tuple(self._connections):
            connection.update(toxic)
        record("toxic updated", proxy=self.name, **toxic.as_json())

    def remove_toxic(self, name: str) -> None:
        toxic = self.toxic(name)
        self._toxics[toxic.stream].remove(toxic)
        for connection in tuple(self._connections):
            connection.remove(toxic)
        record("toxic removed", proxy=self.name, name=name)

    def remove_toxics(self) -> None:
        for toxic in self.toxics:
            self.remove_toxic(toxic.name)

    def _accepted(self, client: socket.socket) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(client))
        self._connecting.add(task)
        task.add_done_callback(self._connected)
        self._pace()

    async def _connect(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        connection = Connection(self._toxics, self._over)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await loop.create_connection(
                    lambda: connection.upstream, *split_address(self.upstream)
                )
            self._connections.add(connection)
            await loop.connect_accepted_socket(lambda: connection.client, client)
            self._note_upstream(answers=True)
        except (OSError, ValueError, OverflowError) as error:
            self._note_upstream(answers=False, why=str(error))
            self._give_up(connection, client)
        except asyncio.CancelledError:
            self._give_up(connection, client)
            raise

    def _give_up(self, connection: Connection, client: socket.socket) -> None:
        client.close()
        connection.abort()
        self._over(connection)

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        self._pace()

    def _over(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._pace()

    def _pace(self) -> None:
        if self._listener is None:
            return
        if len(self._connections) + len(self._connecting) >= MAX_CONNECTIONS:
            self._listener.pause()
        else:
            self._listener.resume()

    def _note_upstream(self, *, answers: bool, why: str = "") -> None:
        """Log a change only: a storm of failures is one line."""
        if answers != self._upstream_answers:
            self._upstream_answers = answers
            event = "upstream answers again" if answers else "upstream does not answer"
            record(event, proxy=self.name, upstream=self.upstream, why=why)


def _resolved(listen: str) -> str:
    try:
        host, port = split_address(listen)
        if host and ":" not in host:
            host = socket.gethostbyname(host)
        return join_address(host, port)
    except (OSError, ValueError) as error:
        raise errors.internal(f"listen {listen}: {error}") from error
