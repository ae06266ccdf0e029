"""Make a Replica of containers that are there, whoever started them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from environments.replica.audit import Audit
from environments.replica.checks import Ports, check_ready
from environments.replica.links import (
    LinkSpec,
    LinksServer,
    http_greeting,
    postgres_greeting,
    redis_greeting,
)
from environments.replica.nodes import ContainerNode, ForgetfulNode, SupervisedNode
from environments.replica.probes import HOST
from environments.replica.replica import Replica
from environments.replica.sidecar import Sidecars
from environments.replica.survey import Survey
from environments.replica.topology import NodeSpec, Protocol, Role, Settings, Topology

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from environments.replica.containers import Engine
    from environments.replica.starting import Started
    from environments.replica.world import World

LINKS_API = 8474
GREETINGS = {
    Protocol.HTTP: http_greeting,
    Protocol.POSTGRES: postgres_greeting,
    Protocol.REDIS: redis_greeting,
}


def assemble(  # noqa: PLR0913 - a replica consists of that much
    world: World,
    topology: Topology,
    settings: Settings,
    started: Mapping[str, Started],
    *,
    images: Mapping[str, str],
    engine: Engine,
    threads: Executor,
) -> Replica:
    """Give the replica whose nodes these are; ``threads`` must outlive it."""
    sidecars = Sidecars(engine, world, images["tools"])
    nodes = [_node(topology, started[spec.name], sidecars) for spec in topology.nodes]
    node = next(node for node in started.values() if node.spec.role is Role.LINKS)
    server = LinksServer(HOST, node.ports.get(LINKS_API))
    # At a published port the engine's proxy would answer for a listener that is closed, and
    # a link that refuses would look like one that hangs up.
    links = server.links(_link_specs(topology), node.container.address)
    return Replica(
        id=world.id,
        settings=settings,
        nodes=nodes,
        links=links,
        images=images,
        survey=Survey(world.id, started, links, engine, threads),
        audit=Audit(nodes, server, engine, threads),
    )


def check_node(topology: Topology, spec: NodeSpec, ports: Ports) -> None:
    """Check a node; the node ``links`` is ready once its links lead somewhere.

    Raises:
        NoAnswerError: it is not ready yet, and why.
    """
    check_ready(spec, ports)
    if spec.role is Role.LINKS:
        LinksServer(HOST, ports[LINKS_API]).populate(_link_specs(topology))


def _node(topology: Topology, started: Started, sidecars: Sidecars) -> ContainerNode:
    spec = started.spec
    common = (spec.name, spec.role.value, spec.region, spec.zone, started.container, sidecars)
    if spec.role is Role.APP:
        return SupervisedNode(*common)
    if spec.role is Role.LINKS:
        return ForgetfulNode(*common, partial(check_node, topology, spec, started.ports))
    return ContainerNode(*common)


def _link_specs(topology: Topology) -> tuple[LinkSpec, ...]:
    return tuple(
        LinkSpec(path.name, path.port, path.target, GREETINGS[path.protocol])
        for path in topology.paths
    )
