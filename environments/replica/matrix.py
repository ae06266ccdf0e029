"""Who connects to whom in a replica, tried by every node at every port that is listened on.

A node tries from its own network namespace, at addresses rather than names: an intruder would
not ask for names either. Whoever must not be reached is proven to be there by those who may
reach it: what nobody reached at all says nothing of who must not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from environments.model import Connection, Reach, WorldError
from environments.replica.chains import BETWEEN
from environments.replica.placement import may_meet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from environments.replica.nodes import ContainerNode

Value = TypeVar("Value")

AT_ONCE = 4  # sidecars: customers are served by the same processors
SCRIPT_LISTENERS = (
    f"ss --listening --tcp --numeric --no-header\necho '{BETWEEN}'\nip -4 -o addr"
)
_LISTENER = re.compile(r"^LISTEN\s+\d+\s+\d+\s+(?P<address>\S+):(?P<port>\d+)\s", re.MULTILINE)
_ADDRESS = re.compile(r"\binet (?P<address>[0-9.]+)/\d+ .*\bscope global\b")
_EVERYWHERE = {"*", "0.0.0.0", "[::]"}  # noqa: S104 - as it is read, not listened on
_BEST_FIRST = (Reach.OPEN, Reach.CLOSED, Reach.SILENT)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a node can be reached, if anybody gets there."""

    addresses: frozenset[str]
    ports: frozenset[int]

    def ends(self) -> Iterator[tuple[str, int]]:
        return ((address, port) for address in self.addresses for port in self.ports)


def read_listening(listing: str) -> Listening:
    """Read SCRIPT_LISTENERS; what listens to the node itself alone is left out."""
    listeners, _, addresses = listing.partition(BETWEEN)
    own = frozenset(found["address"] for found in _ADDRESS.finditer(addresses))
    ports = frozenset(
        int(found["port"])
        for found in _LISTENER.finditer(listeners)
        if found["address"] in own | _EVERYWHERE
    )
    return Listening(own, ports)


def script_try(ends: Sequence[tuple[str, int]]) -> str:
    """Try to connect to all of these at once."""
    lines = " ".join(f"{address}:{port}" for address, port in ends)
    return f"echo {lines} | try-connections"


def read_tried(said: str) -> Mapping[tuple[str, int], Reach]:
    """Read what ``try-connections`` says, by address and port."""
    tried = {}
    for line in said.splitlines():
        end, _, reach = line.partition(" ")
        address, _, port = end.rpartition(":")
        tried[address, int(port)] = Reach(reach)
    return tried


@dataclass(frozen=True, slots=True)
class Matrix:
    """Tries all pairs of these nodes."""

    nodes: Sequence[ContainerNode]
    threads: Executor = field(repr=False)

    def try_all(self) -> Sequence[Connection]:
        """Let each node try all others.

        Raises:
            WorldError: a node does not run, or did not say what came of an attempt.
        """
        listening = dict(self._of_each(_listening))
        tried = self._of_each(lambda node: self._tried_by(node, listening))
        return [one for connections in tried for one in connections]

    def _tried_by(
        self, source: ContainerNode, listening: Mapping[str, Listening]
    ) -> Sequence[Connection]:
        targets = [node for node in self.nodes if node.name != source.name]
        ends = [end for target in targets for end in listening[target.name].ends()]
        reached = read_tried(source.sidecars.in_network_of(source.container, script_try(ends)))
        if reached.keys() != {*ends}:
            raise WorldError(
                f"{source.name} said of {len(reached)} of {len(ends)} attempts to connect what "
                "came of them: see whether its sidecar was ended, and try again"
            )
        return [
            Connection(
                source=source.name,
                source_role=source.role,
                target=target.name,
                target_role=target.role,
                port=port,
                reach=best(reached[ip, port] for ip in listening[target.name].addresses),
                allowed=may_meet(source, target),
            )
            for target in targets
            for port in sorted(listening[target.name].ports)
        ]

    def _of_each(self, ask: Callable[[ContainerNode], Value]) -> list[Value]:
        answers: list[Value] = []
        for begin in range(0, len(self.nodes), AT_ONCE):
            these = self.nodes[begin : begin + AT_ONCE]
            asked = [self.threads.submit(ask, node) for node in these]
            answers += [one.result() for one in asked]
        return answers


def best(reaches: Iterable[Reach]) -> Reach:
    """Give the one that got furthest."""
    return min(reaches, key=_BEST_FIRST.index)


def _listening(node: ContainerNode) -> tuple[str, Listening]:
    listing = node.sidecars.in_network_of(node.container, SCRIPT_LISTENERS)
    return node.name, read_listening(listing)
