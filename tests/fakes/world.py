"""An environment in memory, as faithful as it is small.

It has the replica's names. Nothing takes time: a round trip *says* how long it would have
taken. It can be told to fail or to ignore what it is asked, so that tests can see what
happens then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from environments.model import (
    Bandwidth,
    CommandTimedOutError,
    Completed,
    ConnectionReset,
    Cut,
    Down,
    Impairment,
    ImpairmentError,
    Latency,
    Limit,
    RoundTrip,
    Trace,
    TraceKind,
    WorldError,
    paused,
    stopped,
)

OnRun = Callable[[Sequence[str], Mapping[str, str]], Completed]
Snapshot = Mapping[str, object]
UNDISTURBED_SECONDS = 0.001


@dataclass
class Trouble:
    """What the world was told to do badly: by (name, action), how often still."""

    fails_before: Counter[tuple[str, str]] = field(default_factory=Counter)
    fails_after: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignores: Counter[tuple[str, str]] = field(default_factory=Counter)

    def act(self, name: str, action: str, deed: Callable[[], None]) -> None:
        """Do the deed, unless trouble was ordered for this name and action."""
        asked = (name, action)
        self._raise_if_ordered(self.fails_before, asked)
        if not _used_up(self.ignores, asked):
            deed()
        self._raise_if_ordered(self.fails_after, asked)

    def _raise_if_ordered(
        self, orders: Counter[tuple[str, str]], asked: tuple[str, str]
    ) -> None:
        if _used_up(orders, asked):
            error = ImpairmentError if asked[1] in ("impair", "mend") else WorldError
            raise error(f"{asked[0]} was told to fail to {asked[1]}")


def _used_up(orders: Counter[tuple[str, str]], asked: tuple[str, str]) -> bool:
    """Take one order off, and say whether there was one."""
    if orders[asked] <= 0:
        return False
    orders[asked] -= 1
    return True


def _echo(command: Sequence[str], variables: Mapping[str, str]) -> Completed:
    del variables
    return Completed(0, " ".join(command) + "\n", "", 0.0)


class BareNode:
    """A node that can do nothing special."""

    def __init__(
        self, world: FakeEnvironment, name: str, role: str, region: str, zone: str = ""
    ) -> None:
        self.name = name
        self.role = role
        self.region = region
        self.zone = zone
        self.world = world
        self.running = True
        self.paused = False
        self.cuts: set[Cut] = set()
        self.limits: set[Limit] = set()
        self.lines: list[tuple[datetime, str]] = []
        self._note("started")

    def run(
        self,
        command: Sequence[str],
        *,
        within: timedelta,
        variables: Mapping[str, str] | None = None,
    ) -> Completed:
        self._must_run("run a command")
        if self.paused:
            raise WorldError(f"{self.name} is paused and runs no command: resume it first")
        done = self.world.on_run(command, variables or {})
        if done.seconds > within.total_seconds():
            raise CommandTimedOutError(
                f"{' '.join(command)} on {self.name} was still running when its time was up"
            )
        return done

    def log(self, *, since: datetime) -> str:
        return "".join(f"{line}\n" for at, line in self.lines if at >= since)

    def _note(self, line: str) -> None:
        self.lines.append((datetime.now(UTC), line))

    def _must_run(self, purpose: str) -> None:
        if not self.running:
            raise WorldError(f"{self.name} is not running and cannot {purpose}: start it first")


class FakeNode(BareNode):
    """A node that can be killed, paused, cut off and limited.

    Like a container, it forgets its cuts, its limit and its pause when it is killed.
    """

    def kill(self) -> None:
        self.world.trouble.act(self.name, "kill", self._kill)

    def _kill(self) -> None:
        self.running = False
        self.paused = False
        self.cuts.clear()
        self.limits.clear()

    def start(self) -> None:
        self.world.trouble.act(self.name, "start", self._start)

    def _start(self) -> None:
        if not self.running:
            self._note("started")
        self.running = True

    def is_running(self) -> bool:
        return self.running

    def pause(self) -> None:
        self._must_run("be paused")
        self.world.trouble.act(self.name, "pause", lambda: setattr(self, "paused", True))

    def resume(self) -> None:
        self.world.trouble.act(self.name, "resume", lambda: setattr(self, "paused", False))

    def is_paused(self) -> bool:
        return self.paused

    def cut(self, cut: Cut) -> None:
        self._must_run("be cut off")
        if missing := cut.peers - {node.name for node in self.world.nodes}:
            raise WorldError(
                f"{self.name} cannot be cut off from {', '.join(missing)}: unknown"
            )
        self.world.trouble.act(self.name, "cut", lambda: self.cuts.add(cut))

    def uncut(self, cut: Cut) -> None:
        self.world.trouble.act(self.name, "uncut", lambda: self.cuts.discard(cut))

    def is_cut(self, cut: Cut) -> bool:
        return cut in self.cuts

    def drops(self, cut: Cut) -> bool:
        return cut in self._dropping()

    def mark_of(self, cut: Cut) -> str:
        return f"{cut.direction} {','.join(sorted(cut.peers))}"

    def limit(self, limit: Limit) -> None:
        self._must_run("be limited")
        if self.limits - {limit}:
            raise WorldError(f"{self.name} bears another limit: take that off first")
        self.world.trouble.act(self.name, "limit", lambda: self.limits.add(limit))

    def unlimit(self, limit: Limit) -> None:
        self.world.trouble.act(self.name, "unlimit", lambda: self.limits.discard(limit))

    def is_limited(self, limit: Limit) -> bool:
        return limit in self.limits

    def has_queue(self, limit: Limit) -> bool:
        return limit in self.limits

    def holds_back(self, limit: Limit) -> bool:
        lets_through = self.world.trouble.ignores[(self.name, "hold back")] > 0
        return limit in self.limits and not lets_through

    def mark_of_limit(self, limit: Limit) -> str:
        del limit  # one queue at a time, as on a network
        return "htb on eth0"

    def reaches(self, peers: Collection[str]) -> frozenset[str]:
        self._must_run("send packets")
        return frozenset(peer for peer in peers if self._hears_from(self.world.node(peer)))

    def _dropping(self) -> Collection[Cut]:
        lets_through = self.world.trouble.ignores[(self.name, "drop")] > 0
        return () if lets_through else self.cuts

    def _hears_from(self, peer: BareNode) -> bool:
        # An answer needs both ways: a cut of either side in either direction stops it.
        here = any(peer.name in cut.peers for cut in self._dropping())
        there = any(self.name in cut.peers for cut in peer.cuts)
        return peer.running and not here and not there


class FakeLink:
    """A link whose upstream is one node."""

    def __init__(self, world: FakeEnvironment, name: str, upstream: str) -> None:
        self.name = name
        self.upstream = upstream
        self.world = world
        self.on: set[Impairment] = set()

    def impair(self, impairment: Impairment) -> None:
        self.world.trouble.act(self.name, "impair", lambda: self.on.add(impairment))

    def mend(self, impairment: Impairment) -> None:
        self.world.trouble.act(self.name, "mend", lambda: self.on.discard(impairment))

    def impairments(self) -> frozenset[Impairment]:
        return frozenset(self.on)

    def mark_of(self, impairment: Impairment) -> str:
        return str(impairment)

    def round_trip(self, *, payload_bytes: int = 0, within: timedelta) -> RoundTrip:
        failure = self._failure()
        if failure:
            return RoundTrip(UNDISTURBED_SECONDS, failure)
        seconds = UNDISTURBED_SECONDS + sum(
            _delay(one, payload_bytes) for one in self._biting()
        )
        if self.world.node(self.upstream).paused or seconds > within.total_seconds():
            return RoundTrip(within.total_seconds(), "timeout")
        return RoundTrip(seconds)

    def _failure(self) -> str | None:
        if any(isinstance(one, Down) for one in self._biting()):
            return "refused"
        if any(isinstance(one, ConnectionReset) for one in self._biting()):
            return "reset"
        return None if self.world.node(self.upstream).running else "reset"

    def _biting(self) -> Iterable[Impairment]:
        lets_through = self.world.trouble.ignores[(self.name, "bite")] > 0
        return () if lets_through else self.on


def _delay(impairment: Impairment, payload_bytes: int) -> float:
    """Seconds that an impairment adds to a round trip."""
    match impairment:
        case Latency():
            return impairment.milliseconds / 1000
        case Bandwidth():
            return payload_bytes / (impairment.kilobytes_per_second * 1000)
        case _:
            return 0.0


class FakeEnvironment:
    """The east region, and what all regions share, in memory.

    ``on_run`` answers every command of every node (by default it echoes it); a ``seconds``
    beyond the time allowed makes it time out. ``primary`` is the database that ``states``
    calls the primary; assign to it to fail over.
    """

    name = "fake"
    id = "fake"
    entrance = "http://fake.invalid"

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

        Actions: kill, start, pause, resume, cut, uncut, limit, unlimit; of links impair
        and mend.
        """
        orders = self.trouble.fails_after if after else self.trouble.fails_before
        orders[(name, action)] += times

    def ignore(self, name: str, action: str, *, times: int = 1) -> None:
        """Make the next ``times`` of this action do nothing and say nothing.

        Besides the actions of ``fail``: "drop" (cuts let packets through), "hold back"
        (limits do) and "bite" (impairments on the link have no effect), which hold until
        ``obey``.
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
    return [
        *(Trace(node.name, TraceKind.FIREWALL, node.mark_of(cut)) for cut in node.cuts),
        *(Trace(node.name, TraceKind.QDISC, node.mark_of_limit(one)) for one in node.limits),
    ]


def _wrong_with(node: BareNode) -> Iterable[str]:
    if not node.running:
        yield f"{node.name} is not running"
    if node.paused:
        yield f"{node.name} is paused"
    for cut in node.cuts:
        yield f"{node.name} is cut off from {', '.join(sorted(cut.peers))} ({cut.direction})"
    for limit in node.limits:
        yield f"{node.name} sends only {limit.kilobits_per_second} kbit/s"


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
