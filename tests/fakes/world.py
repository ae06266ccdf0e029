"""An environment in memory, as faithful as it is small.

It has the replica's names. Nothing takes time: a round trip *says* how long it would have
taken. It can be told to fail or to ignore what it is asked, so that tests can see what
happens then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta

from environments.model import (
    Completed,
    Trace,
    TraceKind,
    WorldError,
    paused,
    stopped,
)
from tests.fakes.links import FakeLink
from tests.fakes.nodes import BareNode, FakeNode
from tests.fakes.trouble import Trouble

OnRun = Callable[[Sequence[str], Mapping[str, str]], Completed]


Snapshot = Mapping[str, object]


def _echo(command: Sequence[str], variables: Mapping[str, str]) -> Completed:
    del variables
    return Completed(0, " ".join(command) + "\n", "", 0.0)


class FakeEnvironment:
    """The east region, and what all regions share, in memory.

    ``on_run`` answers every command of every node (by default it echoes it); a ``seconds``
    beyond the time allowed makes it time out. ``primary`` is the database that ``states``
    calls the primary; assign to it to fail over.
    """

    name = "fake"
    id = "fake"
    entrance = "http://fake.invalid"
    authority = ""

    def __init__(
        self, *, on_run: OnRun = _echo, longest_lease: timedelta = timedelta(seconds=20)
    ) -> None:
        self.on_run = on_run
        self.longest_lease = longest_lease
        self.primary = "east-db-1"
        self.trouble = Trouble()
        self.nodes: list[BareNode] = [
            BareNode(self, *part) if "bastion" in part else FakeNode(self, *part)
            for part in _PARTS
        ]
        self.links = [
            FakeLink(self, "app-to-db", "east-db-router"),
            FakeLink(self, "app-to-cache", "east-cache-1"),
            FakeLink(self, "app-to-payments", "payments"),
        ]

    def node(self, name: str) -> BareNode:
        return next(node for node in self.nodes if node.name == name)

    def fakes(self) -> list[FakeNode]:
        """Return the nodes that can be killed, paused, cut off and limited."""
        return [node for node in self.nodes if isinstance(node, FakeNode)]

    def link(self, name: str) -> FakeLink:
        return next(link for link in self.links if link.name == name)

    def fail(self, name: str, action: str, *, times: int = 1, after: bool = False) -> None:
        """Make the next ``times`` of this action raise, before its deed is done or after.

        Actions: kill, start, pause, resume, cut, uncut, limit, unlimit, lose dns, regain
        dns, slow disk, unslow disk, end connections; of links impair and mend.
        """
        orders = self.trouble.fails_after if after else self.trouble.fails_before
        orders[(name, action)] += times

    def ignore(self, name: str, action: str, *, times: int = 1) -> None:
        """Make the next ``times`` of this action do nothing and say nothing.

        Besides the actions of ``fail``: "drop" (cuts let packets through), "hold back"
        (limits do), "lose lookups" (names are found without DNS) and "bite" (impairments on
        the link have no effect), which hold until ``obey``.
        """
        self.trouble.ignores[(name, action)] += times

    def obey(self) -> None:
        """Forget all ordered trouble."""
        self.trouble = Trouble()

    def snapshot(self) -> Snapshot:
        """Return the world's whole state, to compare with ``==``."""
        nodes = {
            node.name: (
                node.running,
                node.paused,
                frozenset(node.cuts),
                frozenset(node.limits),
                node.has_dns,
                frozenset(node.disk_limits),
            )
            for node in self.nodes
        }
        return {**nodes, **{link.name: frozenset(link.on) for link in self.links}}

    def states(self, role: str) -> Mapping[str, str]:
        if role != "db":
            return {}
        said = {
            node.name: "primary" if node.name == self.primary else "replica"
            for node in self.nodes
            if node.role == role and node.running and not node.paused
        }
        if not said:
            raise WorldError("no database says what it is: start one; all of db were asked")
        return said

    def deviations(self) -> Sequence[str]:
        return [sentence for node in self.nodes for sentence in _wrong_with(node)] + [
            f"{link.name} carries {one}" for link in self.links for one in link.on
        ]

    def traces(self, among: Collection[str] | None = None) -> frozenset[Trace]:
        found = [
            *(trace for node in self.nodes for trace in _traces_of(node)),
            *(
                Trace(link.name, TraceKind.TOXIC, link.mark_of(one))
                for link in self._links_heard_of(among)
                for one in link.on
            ),
        ]
        return frozenset(trace for trace in found if among is None or trace.where in among)

    def _links_heard_of(self, among: Collection[str] | None) -> Iterable[FakeLink]:
        """What keeps the links, when it is down, says nothing of them unless asked by name."""
        server = self.node("links")
        is_down = server.paused or not server.running
        return () if among is None and is_down else self.links

    def facts(self) -> Mapping[str, str]:
        return {"engine": "none, this is a fake"}


def _traces_of(node: BareNode) -> Iterable[Trace]:
    """Tell the traces of a node; of one that is down there is nothing else to tell."""
    if not node.running:
        return [stopped(node.name)]
    if node.paused:
        return [paused(node.name)]
    if not isinstance(node, FakeNode):
        return []
    dns = () if node.has_dns else (node.mark_of_lost_dns(),)
    return [
        *(Trace(node.name, TraceKind.FIREWALL, mark) for mark in dns),
        *(Trace(node.name, TraceKind.FIREWALL, node.mark_of(cut)) for cut in node.cuts),
        *(Trace(node.name, TraceKind.QDISC, node.mark_of_limit(one)) for one in node.limits),
        *(
            Trace(node.name, TraceKind.LIMIT, node.mark_of_slow_disk(one))
            for one in node.disk_limits
        ),
    ]


def _wrong_with(node: BareNode) -> Iterable[str]:
    if not node.running:
        yield f"{node.name} is not running"
    if node.paused:
        yield f"{node.name} is paused"
    for cut in node.cuts:
        peers = ", ".join(sorted(cut.peers))
        yield f"{node.name} is cut off from {peers} ({cut.direction}, {cut.percent} %)"
    if not node.has_dns:
        yield f"{node.name} resolves no names"
    for limit in node.limits:
        yield f"{node.name} sends only {limit.kilobits_per_second} kbit/s"
    for writes in node.disk_limits:
        yield f"{node.name} writes only {writes} times a second"


_PARTS = (
    ("east-edge", "edge", "east", "east-a"),
    ("east-app-1", "app", "east", "east-a"),
    ("east-app-2", "app", "east", "east-b"),
    ("east-app-3", "app", "east", "east-c"),
    ("east-db-router", "db-router", "east", "east-a"),
    ("east-db-1", "db", "east", "east-a"),
    ("east-db-2", "db", "east", "east-b"),
    ("east-db-3", "db", "east", "east-c"),
    ("east-etcd-1", "etcd", "east", "east-a"),
    ("east-etcd-2", "etcd", "east", "east-b"),
    ("east-etcd-3", "etcd", "east", "east-c"),
    ("east-cache-1", "cache", "east", "east-a"),
    ("payments", "payments", "shared", ""),
    ("links", "links", "shared", ""),
    ("bastion", "bastion", "shared", ""),
)
