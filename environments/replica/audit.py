"""Read every trace that a replica bears, from the replica itself, some nodes side by side."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from environments.model import (
    GoneError,
    Trace,
    TraceKind,
    WorldError,
    paused,
    stopped,
)
from environments.replica.chains import BETWEEN
from environments.replica.containers import Engine, speaking
from environments.replica.traces import (
    SCRIPT_NETWORK,
    SCRIPT_NODE,
    EngineClock,
    damages,
    firewall,
    full_disks,
    limits,
    qdiscs,
)
from environments.replica.world import BOUNDS_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from concurrent.futures import Executor

    from environments.replica.links import LinksServer
    from environments.replica.nodes import ContainerNode

ASKED_WITHIN = timedelta(seconds=10)
AT_ONCE = 4  # to ask takes the host's processors, which customers are being served with
NO_SHELL = "executable file not found"  # the engine's words (runc)
NO_SHELL_CODES = {126, 127}


@dataclass(frozen=True, slots=True)
class Audit:
    """Reads the traces of one replica."""

    nodes: Sequence[ContainerNode]
    links: Mapping[str, LinksServer]  # by the node that it is on
    engine: Engine = field(repr=False)
    threads: Executor = field(repr=False)

    def traces(self, among: Collection[str] | None) -> frozenset[Trace]:
        """Read what nodes and links of these names bear; None is all of them.

        Raises:
            WorldError: something could not be read; all of that is named.
        """
        chosen = [node for node in self.nodes if among is None or node.name in among]
        conditions = self._all(partial(_condition, node) for node in chosen)
        down = {trace.where for trace in conditions}
        whole = [node for node in chosen if node.name not in down]
        clock = self._clock() if whole else None
        questions: list[Callable[[], Iterable[Trace]]] = [
            *(partial(_network, node) for node in whole),
            *(partial(_inside, node, clock) for node in whole if clock),
            *(partial(_limits, node) for node in whole),
            *(partial(_throttles, node) for node in whole),
        ]
        questions.extend(
            partial(_toxics, server, among) for server in self._links_meant(among, down)
        )
        return conditions | self._all(questions)

    def _all(self, questions: Iterable[Callable[[], Iterable[Trace]]]) -> frozenset[Trace]:
        waiting = list(questions)
        asked: list[Future[Iterable[Trace]]] = []
        for begin in range(0, len(waiting), AT_ONCE):
            asked += [self.threads.submit(one) for one in waiting[begin : begin + AT_ONCE]]
            wait(asked)
        failures = [error for one in asked if (error := one.exception()) is not None]
        for error in failures:
            if not isinstance(error, WorldError):
                raise error
        if failures:
            raise WorldError("; ".join(str(error) for error in failures)) from failures[0]
        return frozenset(trace for one in asked for trace in one.result())

    def _clock(self) -> EngineClock:
        asked_at = time.monotonic()
        with speaking("the engine", "be asked for the time"):
            system_time = str(self.engine.info()["SystemTime"])
        return EngineClock.read(system_time, asked_at, time.monotonic())

    def _links_meant(
        self, among: Collection[str] | None, down: Collection[str]
    ) -> Iterable[LinksServer]:
        """Give those that links are asked of; where one is down, that is its trace."""
        are_meant = among is None or set(among) - {node.name for node in self.nodes}
        if not are_meant:
            return ()
        return [server for node, server in self.links.items() if node not in down]


def _condition(node: ContainerNode) -> Iterable[Trace]:
    """Whether the node is down, in which case it can be asked nothing else."""
    try:
        is_paused = node.is_paused()
    except GoneError:
        return [stopped(node.name)]
    if is_paused:
        return [paused(node.name)]
    return [] if node.is_running() else [stopped(node.name)]


def _toxics(server: LinksServer, among: Collection[str] | None) -> Iterable[Trace]:
    return [
        Trace(link, TraceKind.TOXIC, mark)
        for link, marks in server.marks().items()
        if among is None or link in among
        for mark in marks
    ]


def _network(node: ContainerNode) -> Iterable[Trace]:
    said = node.sidecars.in_network_of(node.container, SCRIPT_NETWORK)
    rules, _, queues = said.partition(BETWEEN)
    return [
        *(Trace(node.name, TraceKind.FIREWALL, rule) for rule in firewall(rules)),
        *(Trace(node.name, TraceKind.QDISC, queue) for queue in qdiscs(queues)),
    ]


def _inside(node: ContainerNode, clock: EngineClock) -> Iterable[Trace]:
    """Ask the node for its clock, its file systems and what faults keep there.

    One without a shell is let be.
    """
    asked_at = time.monotonic()
    said = _said_by(node)
    answered_at = time.monotonic()
    if said is None:
        return []
    return [
        *(
            Trace(node.name, TraceKind.CLOCK, how)
            for how in clock.deviation(said, asked_at, answered_at)
        ),
        *(Trace(node.name, TraceKind.DISK, disk) for disk in full_disks(said)),
        *(Trace(node.name, TraceKind.DAMAGE, name) for name in damages(said)),
    ]


def _said_by(node: ContainerNode) -> str | None:
    """Give what the node said; None where it has nothing to say it with.

    Engines put that down as an error of the request, or of the command.
    """
    try:
        done = node.run(["sh", "-c", SCRIPT_NODE], within=ASKED_WITHIN)
    except WorldError as error:
        if NO_SHELL in str(error):
            return None
        raise
    if done.exit_code in NO_SHELL_CODES:
        return None
    if not done.stdout[:1].isdigit():
        raise WorldError(
            f"{node.name} did not say what time it is: {(done.stdout + done.stderr).strip()}; "
            "see what became of its tools, or take a fresh environment"
        )
    return done.stdout


def _limits(node: ContainerNode) -> Iterable[Trace]:
    inspected = node.container.inspect()
    built_with = json.loads(inspected["Config"]["Labels"].get(BOUNDS_LABEL, "{}"))
    return [
        Trace(node.name, TraceKind.LIMIT, limit)
        for limit in limits(inspected["HostConfig"], built_with)
    ]


def _throttles(node: ContainerNode) -> Iterable[Trace]:
    throttle = node.throttle()
    if throttle is None:
        return []
    return [Trace(node.name, TraceKind.LIMIT, throttle.mark(line)) for line in throttle.lines()]
