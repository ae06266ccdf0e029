"""The edge's rotation: read and changed by HAProxy's runtime API, over TCP.

https://docs.haproxy.org/3.0/management.html#9.3, ``show servers state``, ``show stat`` and
``set server``.
"""

from __future__ import annotations

import csv
import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PORT = 9999
PROXY = "app"
ANSWER_SECONDS = 1.0
LONGEST_ANSWER_BYTES = 1_000_000
_FORMAT = "1\n"  # of `show servers state`: its first line
_MAINTENANCE, _DRAINING = 0x01, 0x08  # of its srv_admin_state: set by people or programs
_RUNNING = {"2", "3"}  # of its srv_op_state: RUNNING, and STOPPING, which still serves


class RotationError(Exception):
    """The edge did not say or do what it was asked; the message says why."""


class Admission(StrEnum):
    """What the edge was told of an instance, in its own words."""

    IN = "ready"
    DRAINING = "drain"
    OUT = "maint"


@dataclass(frozen=True, slots=True)
class Server:
    """One place, as the edge has it."""

    slot: str  # what the edge calls it
    address: str
    admission: Admission
    is_up: bool
    sessions: int  # requests in flight, and those that wait for it
    weight: int = 1  # its share is this of all that are in


@dataclass(frozen=True, slots=True)
class Order:
    """What the edge is to do with one server; without a weight it keeps the one it has."""

    server: Server
    admission: Admission
    weight: int | None = None

    def commands(self) -> tuple[str, ...]:
        """Give the runtime API's commands; the weight first, so that nobody gets too much."""
        name = f"{PROXY}/{self.server.slot}"
        state = f"set server {name} state {self.admission}"
        return (
            (state,)
            if self.weight is None
            else (f"set server {name} weight {self.weight}", state)
        )


def read_servers(answer: str) -> Mapping[str, Server]:
    """Read what ``show servers state`` and ``show stat`` say of the instances, by address.

    Raises:
        RotationError: it is not that.
    """
    state, _, statistics = answer.partition("# pxname")
    if not state.lstrip().startswith(_FORMAT) or not statistics:
        raise RotationError(f"the edge said {answer.strip()[:200]!r}, which is no state")
    rows = csv.DictReader(["pxname" + statistics.splitlines()[0], *statistics.splitlines()[1:]])
    sessions = {
        row["svname"]: int(row["scur"] or 0) + int(row["qcur"] or 0)
        for row in rows
        if row["svname"]
    }
    servers = {}
    for line in state.splitlines():
        words = line.split()
        if len(words) < len(("be_id", "be", "id", "name", "address", "op", "admin", "weight")):
            continue
        if words[1] != PROXY or words[4] == "-":
            continue
        servers[words[4]] = Server(
            slot=words[3],
            address=words[4],
            admission=_admission(int(words[6])),
            is_up=words[5] in _RUNNING,
            sessions=sessions.get(words[3], 0),
            weight=int(words[7]),
        )
    return servers


def _admission(state: int) -> Admission:
    if state & _MAINTENANCE:
        return Admission.OUT
    return Admission.DRAINING if state & _DRAINING else Admission.IN


@dataclass(frozen=True, slots=True)
class Rotation:
    ask: Callable[[str], str]

    def servers(self) -> Mapping[str, Server]:
        """See all places that the edge knows an address of, by address.

        Raises:
            RotationError: it did not say.
        """
        return read_servers(self.ask(f"show servers state {PROXY};show stat {PROXY} 4 -1"))

    def tell(self, server: Server, admission: Admission) -> None:
        """Let an instance in, have it drain, or keep it out.

        Raises:
            RotationError: the edge did not take it.
        """
        self.tell_all([Order(server, admission)])

    def tell_all(self, orders: Sequence[Order]) -> None:
        """Do all of it at once, as far as the edge can: no request is led in between.

        Raises:
            RotationError: the edge did not take some of it.
        """
        told = self.ask(";".join(one for order in orders for one in order.commands())).strip()
        if told:
            what = ", ".join(f"{order.server.slot} {order.admission}" for order in orders)
            raise RotationError(f"the edge did not take {what}: {told}")


@dataclass(frozen=True, slots=True)
class RuntimeApi:
    """Speaks to HAProxy, which hangs up after its answer."""

    host: str
    port: int = PORT

    def __call__(self, command: str) -> str:
        try:
            with (
                socket.create_connection((self.host, self.port), ANSWER_SECONDS) as connection,
                connection.makefile("rb") as answer,
            ):
                connection.sendall(f"{command}\n".encode())
                return answer.read(LONGEST_ANSWER_BYTES).decode(errors="replace")
        except OSError as error:
            raise RotationError(f"{self.host} does not answer: {error}") from error
