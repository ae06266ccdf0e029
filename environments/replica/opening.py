"""Open a replica: made for a while, or found there already."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from environments.replica.assembling import assemble, check_node
from environments.replica.composing import compose
from environments.replica.containers import NOBODY, Container, connect, speaking
from environments.replica.engine import ensure_engine
from environments.replica.image_builder import build_images
from environments.replica.ports import own_ports
from environments.replica.probes import NoAnswerError, wait_for
from environments.replica.release_nodes import IMAGE_PREFIX
from environments.replica.removing import remove_world
from environments.replica.starting import Started, Starter
from environments.replica.topology import Network, NodeSpec, Passwords, Role, Settings
from environments.replica.world import (
    NODE_LABEL,
    OWNER_LABEL,
    TOOLS_LABEL,
    WORLD_LABEL,
    Unregistered,
    World,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from environments.model import Register
    from environments.replica.checks import Ports
    from environments.replica.containers import Engine
    from environments.replica.replica import Replica

STEADY_SECONDS = 60.0
QUESTIONS_AT_ONCE = 32
LINKS_IMAGE_VARIABLE = "MUSTER_LINKS_IMAGE"
# What nodes' names begin with that there are only where there are two regions.
_OF_TWO_REGIONS = (
    "entrance",
    "east-links",
    "west-db",
    "west-etcd",
    "west-app",
    "west-edge",
    "west-links",
    "west-cache",
)
ANY_POLICY, ANY_RELEASE = "standard", "next"
# What nodes' names end with that there are only where instances come and go by themselves.
_OF_AUTOSCALING = (f"-{Role.PROMETHEUS}", *(f"-{Role.APP}-{place}" for place in range(4, 11)))


@contextmanager
def start_replica(
    run: str,
    *,
    settings: Settings,
    say: Callable[[str], None],
    owner: str = "",
    register: Register | None = None,
) -> Iterator[Replica]:
    """Start a replica, steady when it is handed over; remove it at the end.

    Raises:
        NotReadyError: a part did not become ready; nothing of the run is left behind.
        WorldError: an image or the engine is missing, or something could not be removed.
    """
    began = time.monotonic()
    ensure_engine(say)
    images = _images(say)
    topology = compose(settings, Passwords())
    world = World(run, owner, register or Unregistered())
    with ExitStack() as stack:
        engine = connect()
        stack.callback(engine.close)
        stack.callback(remove_world, engine, world.id)
        ports = stack.enter_context(own_ports())
        check = partial(check_node, topology)
        started = Starter(world, images, engine, ports, check, say).start(topology.nodes)
        threads = stack.enter_context(ThreadPoolExecutor(QUESTIONS_AT_ONCE))
        replica = assemble(
            world, topology, settings, started, images=images, engine=engine, threads=threads
        )
        wait_for(
            "the replica's steady state",
            partial(_check_steady, replica),
            at_most_seconds=STEADY_SECONDS,
        )
        say(f"replica: run {run} is ready after {time.monotonic() - began:.1f} s")
        yield replica


@contextmanager
def attached(engine: Engine, world: str) -> Iterator[Replica]:
    """Give what is left of the replica that carries this label, whoever started it.

    Of its settings only those matter that add nodes: the others change no name or link.

    Raises:
        WorldError: the engine does not answer.
    """
    inspected = _inspected(engine, world)
    settings = Settings(
        backups=any("-backup" in name for name in inspected),
        cache_failover=any(
            name.endswith(("-cache-2", "-cache-3", "-cache-router")) for name in inspected
        ),
        second_region=any(name.startswith(_OF_TWO_REGIONS) for name in inspected),
        autoscaling=policy_of(inspected),
        secured=any(is_on_networks_apart(one) for one in inspected.values()),
        migrations=any(name.endswith(f"-{Role.MIGRATOR}") for name in inspected),
        configured=any(name.endswith(f"-{Role.CONFIGURATOR}") for name in inspected),
        release=release_of(inspected),
    )
    topology = compose(settings, Passwords())
    labels = [one["Config"]["Labels"] for one in inspected.values()]
    # Where no node is left there is nobody to give a sidecar to.
    tools = next((one[TOOLS_LABEL] for one in labels if TOOLS_LABEL in one), "")
    owner = next((one[OWNER_LABEL] for one in labels if OWNER_LABEL in one), "")
    started = {
        spec.name: _started(engine, spec, inspected.get(spec.name)) for spec in topology.nodes
    }
    images = {
        spec.image: str(inspected[spec.name]["Config"]["Image"])
        for spec in topology.nodes
        if spec.name in inspected
    }
    with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as threads:
        yield assemble(
            World(world, owner),
            topology,
            settings,
            started,
            images={**images, "tools": tools},
            engine=engine,
            threads=threads,
        )


def _images(say: Callable[[str], None]) -> Mapping[str, str]:
    """Build what is missing; an official Toxiproxy may take the bundled server's place."""
    images = build_images(None, say)
    official = os.environ.get(LINKS_IMAGE_VARIABLE)
    return {**images, "links": official} if official else images


def _check_steady(replica: Replica) -> None:
    if missing := replica.deviations():
        raise NoAnswerError("; ".join(missing))


def _inspected(engine: Engine, world: str) -> Mapping[str, Mapping[str, Any]]:
    """Node name -> what the engine says of its container, for those that are there."""
    with speaking(f"the replica {world}", "be listed"):
        listed = engine.containers(
            all=True, filters={"label": [f"{WORLD_LABEL}={world}", NODE_LABEL]}
        )
        inspected = [engine.inspect_container(one["Id"]) for one in listed]
    return {one["Config"]["Labels"][NODE_LABEL]: one for one in inspected}


def policy_of(inspected: Mapping[str, Mapping[str, Any]]) -> str:
    """Name the policy that instances of an autoscaled replica come and go by, or else "".

    Where its scaler is gone it is some policy: all make the same nodes.
    """
    for name, one in inspected.items():
        if name.endswith(f"-{Role.SCALER}"):
            variables = dict(text.split("=", 1) for text in one["Config"]["Env"])
            return str(variables["POLICY"])
    is_autoscaled = any(name.endswith(_OF_AUTOSCALING) for name in inspected)
    return ANY_POLICY if is_autoscaled else ""


def is_on_networks_apart(inspected: Mapping[str, Any]) -> bool:
    """Whether a container stands on one of the networks of a secured replica, up or down."""
    networks = inspected["NetworkSettings"]["Networks"]
    return any(name.endswith(tuple(f"-{network}" for network in Network)) for name in networks)


def release_of(inspected: Mapping[str, Mapping[str, Any]]) -> str:
    """Name the next release that a replica has places for, or else "".

    Where they are gone it is some release: all make the same nodes.
    """
    for name, one in inspected.items():
        if f"-{Role.GREEN}-" in name:
            image = str(one["Config"]["Image"]).partition(":")[0]
            return image.rpartition(IMAGE_PREFIX)[2]
    deploys = any(name.endswith(f"-{Role.DEPLOYER}") for name in inspected)
    return ANY_RELEASE if deploys else ""


def _started(engine: Engine, spec: NodeSpec, inspected: Mapping[str, Any] | None) -> Started:
    if inspected is None:
        return Started(spec, Container(spec.name, NOBODY, engine), {})
    return Started(spec, Container(spec.name, inspected["Id"], engine), _ports(inspected))


def _ports(inspected: Mapping[str, Any]) -> Ports:
    """Say where its ports are when it runs: as it was made, since a dead one has none."""
    bindings = inspected["HostConfig"]["PortBindings"] or {}
    return {
        int(inside.partition("/")[0]): int(outside[0]["HostPort"])
        for inside, outside in bindings.items()
        if outside
    }
