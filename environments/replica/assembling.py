"""Make a Replica of containers that are there, whoever started them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from environments.replica.audit import Audit
from environments.replica.changing import ChangingReplica
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
from environments.replica.scaled import ScaledReplica
from environments.replica.sidecar import Sidecars
from environments.replica.survey import Survey
from environments.replica.topology import NodeSpec, Protocol, Role, Settings, Topology

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from environments.model import Link
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
    servers = {
        name: LinksServer(HOST, node.ports.get(LINKS_API))
        for name, node in started.items()
        if node.spec.role is Role.LINKS
    }
    # At a published port the engine's proxy would answer for a listener that is closed, and
    # a link that refuses would look like one that hangs up.
    links = {
        name: server.links(_link_specs(topology, name), started[name].container.address)
        for name, server in servers.items()
    }
    return _kind(settings)(
        id=world.id,
        settings=settings,
        nodes=nodes,
        links=[link for of_node in links.values() for link in of_node],
        images=images,
        started=started,
        surveys={
            region: Survey(world.id, nodes_of, links_of, engine, threads)
            for region, nodes_of, links_of in _by_region(started, links)
        },
        audit=Audit(nodes, servers, engine, threads),
        authority=topology.authority,
    )


def _kind(settings: Settings) -> type[Replica]:
    if settings.autoscaling:
        return ScaledReplica
    changes = settings.release or settings.configured or settings.migrations
    return ChangingReplica if changes else Replica


def _by_region(
    started: Mapping[str, Started], links: Mapping[str, Sequence[Link]]
) -> Iterator[tuple[str, Mapping[str, Started], Sequence[Link]]]:
    """Give each region with databases, its nodes and its links.

    What belongs to no such region goes with the first one, which is the active one.
    """
    regions = list(
        dict.fromkeys(n.spec.region for n in started.values() if n.spec.role is Role.DB)
    )

    def region_of(name: str) -> str:
        region = started[name].spec.region
        return region if region in regions else regions[0]

    for region in regions:
        yield (
            region,
            {name: node for name, node in started.items() if region_of(name) == region},
            [
                one
                for name, of_node in links.items()
                if region_of(name) == region
                for one in of_node
            ],
        )


def check_node(topology: Topology, spec: NodeSpec, ports: Ports) -> None:
    """Check a node; one that links go through is ready once they lead somewhere.

    Raises:
        NoAnswerError: it is not ready yet, and why.
    """
    check_ready(spec, ports)
    if spec.role is Role.LINKS:
        LinksServer(HOST, ports[LINKS_API]).populate(_link_specs(topology, spec.name))


def _node(topology: Topology, started: Started, sidecars: Sidecars) -> ContainerNode:
    spec = started.spec
    common = (spec.name, spec.role.value, spec.region, spec.zone, started.container, sidecars)
    if spec.role in {Role.APP, Role.AUTH}:
        return SupervisedNode(*common)
    if spec.role is Role.LINKS:
        return ForgetfulNode(*common, partial(check_node, topology, spec, started.ports))
    return ContainerNode(*common)


def _link_specs(topology: Topology, via: str) -> tuple[LinkSpec, ...]:
    return tuple(
        LinkSpec(path.name, path.port, path.target, GREETINGS[path.protocol])
        for path in topology.paths
        if path.via == via
    )
