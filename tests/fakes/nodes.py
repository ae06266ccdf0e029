"""Nodes in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from environments.model import (
    CommandTimedOutError,
    Completed,
    Cut,
    Limit,
    Places,
    WorldError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tests.fakes.world import FakeEnvironment

ALL = 100


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
        self.has_dns = True
        self.disk_limits: set[int] = set()
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
        self.has_dns = True
        self.disk_limits.clear()

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
        return f"{cut.percent} % {cut.direction} {','.join(sorted(cut.peers))}"

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

    def lose_dns(self) -> None:
        self._must_run("lose its DNS")
        self.world.trouble.act(self.name, "lose dns", lambda: setattr(self, "has_dns", False))

    def regain_dns(self) -> None:
        self.world.trouble.act(self.name, "regain dns", lambda: setattr(self, "has_dns", True))

    def has_lost_dns(self) -> bool:
        return not self.has_dns

    def loses_lookups(self) -> bool:
        return self.running and self.has_lost_dns() and not self.resolves()

    def resolves(self) -> bool:
        self._must_run("look up a name")
        finds_it_elsewhere = self.world.trouble.ignores[(self.name, "lose lookups")] > 0
        return self.has_dns or finds_it_elsewhere

    def mark_of_lost_dns(self) -> str:
        return "dns"

    def why_disk_cannot_be_slowed(self) -> str | None:
        return "has a limit on its disk already" if self.disk_limits else None

    def slow_disk(self, writes_per_second: int) -> None:
        self._must_run("have its disk slowed")
        self.world.trouble.act(
            self.name, "slow disk", lambda: self.disk_limits.add(writes_per_second)
        )

    def unslow_disk(self, writes_per_second: int) -> None:
        self.world.trouble.act(
            self.name, "unslow disk", lambda: self.disk_limits.discard(writes_per_second)
        )

    def is_disk_slowed(self, writes_per_second: int) -> bool:
        return writes_per_second in self.disk_limits

    def mark_of_slow_disk(self, writes_per_second: int) -> str:
        return f"{writes_per_second} writes a second"

    def end_connections(self, ports: range) -> None:
        self._must_run("have its connections ended")
        self.world.trouble.act(
            self.name, "end connections", lambda: self._note(f"ended those from {ports}")
        )

    def places(self) -> Places:
        self._must_run("count its processes")
        return Places(1, None)

    def run_among(self, script: str) -> str:
        self._must_run("lend its processes")
        done = self.world.on_run(["sh", "-euc", script], {})
        if done.exit_code != 0:
            raise WorldError(f"{self.name}: a script ended with exit code {done.exit_code}")
        return done.stdout

    def reaches(self, peers: Collection[str]) -> frozenset[str]:
        self._must_run("send packets")
        return frozenset(peer for peer in peers if self._hears_from(self.world.node(peer)))

    def _dropping(self) -> Collection[Cut]:
        lets_through = self.world.trouble.ignores[(self.name, "drop")] > 0
        return () if lets_through else self.cuts

    def _hears_from(self, peer: BareNode) -> bool:
        # An answer needs both ways: a cut of either side in either direction stops it.
        here = any(_ends(cut, peer) for cut in self._dropping())
        there = any(_ends(cut, self) for cut in peer.cuts)
        return peer.running and not here and not there


def _ends(cut: Cut, peer: BareNode) -> bool:
    """Whether nothing passes to that peer; where only a share is lost, one packet passes."""
    return cut.percent == ALL and peer.name in cut.peers
