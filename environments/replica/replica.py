"""The replica: a production stack in containers, one per run, that drills may break."""

from __future__ import annotations

import os
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from environments.model import Link, Node, UnknownNameError
from environments.replica.checks import Ports, check_ready
from environments.replica.containers import connect
from environments.replica.engine import ensure_engine
from environments.replica.facts import versions
from environments.replica.image_builder import build_images
from environments.replica.links import (
    LinkSpec,
    LinksServer,
    http_greeting,
    postgres_greeting,
    redis_greeting,
)
from environments.replica.nodes import ContainerNode, ForgetfulNode, SupervisedNode
from environments.replica.ports import own_ports
from environments.replica.probes import HOST, NoAnswerError, wait_for
from environments.replica.sidecar import Sidecars
from environments.replica.starting import Started, Starter, remove_everything
from environments.replica.steady import Expected, deviations
from environments.replica.survey import Survey
from environments.replica.topology import (
    NodeSpec,
    Passwords,
    Protocol,
    Role,
    Settings,
    Topology,
    one_region,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


# Patroni's ttl (20 s), after which a primary's lease ends, plus the loop_wait (1 s) and
# the retry_timeout (3 s) that may pass before the primary itself draws the consequence.
LONGEST_LEASE = timedelta(seconds=25)
STEADY_SECONDS = 60.0
# When etcd's own leader is lost nobody knows anything for its election timeout (1 to 2 s).
STATES_SECONDS = 5.0
QUESTIONS_AT_ONCE = 32
LINKS_API = 8474
LINKS_IMAGE_VARIABLE = "MUSTER_LINKS_IMAGE"
GREETINGS = {
    Protocol.HTTP: http_greeting,
    Protocol.POSTGRES: postgres_greeting,
    Protocol.REDIS: redis_greeting,
}


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica that runs; implements Environment."""

    settings: Settings
    nodes: Sequence[Node]
    links: Sequence[Link]
    images: Mapping[str, str] = field(repr=False)
    survey: Survey = field(repr=False)

    @property
    def name(self) -> str:
        return "replica"

    @property
    def entrance(self) -> str:
        edge = next(n for n in self.survey.started.values() if n.spec.role is Role.EDGE)
        return f"http://{HOST}:{edge.ports[8080]}"

    @property
    def longest_lease(self) -> timedelta:
        return LONGEST_LEASE

    def states(self, role: str) -> Mapping[str, str]:
        """Say which database is the "primary", the synchronous "standby" or a "replica"."""
        if role not in set(Role):
            raise UnknownNameError(f"no role is called {role!r}; there are {', '.join(Role)}")
        if role != Role.DB:
            return {}
        cluster = wait_for(
            "word from etcd on who the primary is",
            self.survey.cluster,
            at_most_seconds=STATES_SECONDS,
        )
        return cluster.states(self._named(Role.DB))

    def deviations(self) -> Sequence[str]:
        expected = Expected(
            apps=self._named(Role.APP),
            databases=self._named(Role.DB),
            synchronous=self.settings.synchronous,
        )
        return deviations(expected, self.survey.observe())

    def facts(self) -> Mapping[str, str]:
        return versions(self.survey.engine, self.images, self.nodes)

    def _named(self, role: Role) -> tuple[str, ...]:
        return tuple(
            name for name, node in self.survey.started.items() if node.spec.role is role
        )


@contextmanager
def start_replica(
    run: str, *, settings: Settings, say: Callable[[str], None]
) -> Iterator[Replica]:
    """Start a replica of one region, steady when it is handed over; remove it at the end.

    Raises:
        NotReadyError: a part did not become ready; nothing of the run is left behind.
        WorldError: an image or the engine is missing, or something could not be removed.
    """
    began = time.monotonic()
    ensure_engine(say)
    images = _images(say)
    topology = one_region(settings, Passwords())
    with ExitStack() as stack:
        engine = connect()
        stack.callback(engine.close)
        stack.callback(remove_everything, run, engine)
        ports = stack.enter_context(own_ports())
        starter = Starter(run, images, engine, ports, partial(_check_ready, topology), say)
        started = starter.start(topology.nodes)
        threads = stack.enter_context(ThreadPoolExecutor(QUESTIONS_AT_ONCE))
        replica = _assemble(topology, settings, starter, started, threads)
        wait_for(
            "the replica's steady state",
            partial(_check_steady, replica),
            at_most_seconds=STEADY_SECONDS,
        )
        say(f"replica: run {run} is ready after {time.monotonic() - began:.1f} s")
        yield replica


def _images(say: Callable[[str], None]) -> Mapping[str, str]:
    """Build what is missing; an official Toxiproxy may take the bundled server's place."""
    images = build_images(None, say)
    official = os.environ.get(LINKS_IMAGE_VARIABLE)
    return {**images, "links": official} if official else images


def _check_ready(topology: Topology, spec: NodeSpec, ports: Ports) -> None:
    """Check a node; the node ``links`` is ready once its links lead somewhere."""
    check_ready(spec, ports)
    if spec.role is Role.LINKS:
        LinksServer(HOST, ports[LINKS_API]).populate(_link_specs(topology))


def _check_steady(replica: Replica) -> None:
    if missing := replica.deviations():
        raise NoAnswerError("; ".join(missing))


def _assemble(
    topology: Topology,
    settings: Settings,
    starter: Starter,
    started: Mapping[str, Started],
    threads: Executor,
) -> Replica:
    sidecars = Sidecars(starter.engine, starter.run, starter.images["tools"])
    nodes = [_node(topology, started[spec.name], sidecars) for spec in topology.nodes]
    links = _links(topology, started)
    survey = Survey(starter.run, started, links, starter.engine, threads)
    return Replica(settings, nodes, links, starter.images, survey)


def _node(topology: Topology, started: Started, sidecars: Sidecars) -> Node:
    spec = started.spec
    common = (spec.name, spec.role.value, spec.region, started.container, sidecars)
    if spec.role is Role.APP:
        return SupervisedNode(*common)
    if spec.role is Role.LINKS:
        return ForgetfulNode(*common, partial(_check_ready, topology, spec, started.ports))
    return ContainerNode(*common)


def _link_specs(topology: Topology) -> tuple[LinkSpec, ...]:
    return tuple(
        LinkSpec(path.name, path.port, path.target, GREETINGS[path.protocol])
        for path in topology.paths
    )


def _links(topology: Topology, started: Mapping[str, Started]) -> Sequence[Link]:
    """Give the links, reached at the container's own address.

    At a published port the engine's proxy would answer for a listener that is closed, and
    a link that refuses would look like one that hangs up.
    """
    node = next(node for node in started.values() if node.spec.role is Role.LINKS)
    address = node.container.address()
    specs = _link_specs(topology)
    return LinksServer(HOST, node.ports[LINKS_API]).links(
        specs, {spec.name: (address, spec.listen_port) for spec in specs}
    )
