"""One connection through a proxy: two sockets, and a flow in each direction.

As in the official server, the end of one side closes the other one altogether, after
everything before the end was delivered.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, cast

from .flow import Flow
from .toxic import DOWNSTREAM, UPSTREAM, Toxic
from .toxics.stage import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .toxics.stage import Receiver

_WRITE_BUFFER_BYTES = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s


class Side(asyncio.Protocol):
    """One of a connection's sockets: the source of one flow and the sink of the other."""

    head: Receiver  # where what is read here goes
    into: Flow  # what is written here

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._transport: asyncio.Transport | None = None
        self._is_writable = False
        self._has_ended = False

    def connection_made(self, made: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", made)  # as every socket's is
        transport.pause_reading()  # until the other side is there
        transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        self._transport = transport
        self._is_writable = True
        self._connection.opened()

    def data_received(self, data: bytes) -> None:
        self.head.data(data)

    def eof_received(self) -> bool:
        self._end()
        return True  # the other direction may still have bytes on their way

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - every end is one
        self._transport = None
        self._is_writable = False
        if self._connection.flows:
            self.into.abandon()
            self._end()
        self._connection.lost()

    def pause_writing(self) -> None:
        self.into.sink_is_full(full=True)

    def resume_writing(self) -> None:
        self.into.sink_is_full(full=False)

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._has_ended:
            self._transport.resume_reading()

    def data(self, data: bytes) -> None:
        if self._is_writable and self._transport is not None:
            self._transport.write(data)

    def end(self, ending: Ending) -> None:
        if ending is Ending.RESET:
            self._connection.reset()
        elif self._transport is not None:
            self._is_writable = False
            self._transport.close()

    def abort(self) -> None:
        self._is_writable = False
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        if self._transport is not None:
            opened: socket.socket = self._transport.get_extra_info("socket")
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.abort()

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self.head.end(Ending.CLOSED)


class Connection:
    """Starts once both sides are opened; calls ``when_over`` once both are gone.

    ``toxics`` by stream is the proxy's own record, read when the connection starts.
    """

    def __init__(
        self, toxics: Mapping[str, Sequence[Toxic]], when_over: Callable[[Connection], None]
    ) -> None:
        self.client = Side(self)
        self.upstream = Side(self)
        self.flows: Mapping[str, Flow] = {}
        self._toxics = toxics
        self._when_over = when_over
        self._not_opened = 2
        self._not_lost = 2

    def opened(self) -> None:
        self._not_opened -= 1
        if self._not_opened == 0:
            self._start()

    def lost(self) -> None:
        self._not_lost -= 1
        if self._not_lost == 0:
            self._when_over(self)

    def add(self, toxic: Toxic) -> None:
        if self.flows:
            self.flows[toxic.stream].add(toxic)

    def update(self, toxic: Toxic) -> None:
        if self.flows:
            self.flows[toxic.stream].update(toxic)

    def remove(self, toxic: Toxic) -> None:
        if self.flows:
            self.flows[toxic.stream].remove(toxic.name)

    def reset(self) -> None:
        self.client.reset()
        self.upstream.reset()

    def abort(self) -> None:
        self.client.abort()
        self.upstream.abort()

    def _start(self) -> None:
        up = Flow(self.client, self.upstream, self._toxics[UPSTREAM])
        down = Flow(self.upstream, self.client, self._toxics[DOWNSTREAM])
        self.upstream.into = up
        self.client.into = down
        self.flows = {UPSTREAM: up, DOWNSTREAM: down}
