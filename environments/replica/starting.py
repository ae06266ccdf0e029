"""Start the containers of a replica, side by side where nothing depends on it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from environments.model import GoneError, NotReadyError, Resource
from environments.replica.checks import Ports
from environments.replica.containers import Container, Engine, speaking
from environments.replica.probes import HOST, POLL_SECONDS, NoAnswerError
from environments.replica.topology import Bounds, NodeSpec
from environments.replica.world import (
    BOUNDS_LABEL,
    CONTAINER,
    NETWORK,
    NODE_LABEL,
    TOOLS_LABEL,
    World,
)

READY_SECONDS = 90  # cold disks and a busy machine included; 10 is usual
# More at once only take the processor from those that others wait for. It must be more
# than the nodes that are ready last, which keep a thread each until then.
SIDE_BY_SIDE = 14
FILE_MODE = 0o444  # whoever the service runs as in its container may read what is for it
START_ANSWER_SECONDS = 30  # the engine's longest silence while all nodes start at once
ReadyCheck = Callable[[NodeSpec, Ports], None]  # raises NoAnswerError while it is not ready


@dataclass(frozen=True, slots=True)
class Started:
    spec: NodeSpec
    container: Container
    ports: Ports

    def port(self, inside: int) -> int:
        """Say where that port of it is on this host.

        Raises:
            GoneError: the node is not there any more, so nobody can tell.
        """
        if inside not in self.ports:
            raise GoneError(
                f"{self.spec.name} is not there any more, nor its port {inside}: "
                "take a fresh environment"
            )
        return self.ports[inside]


def host_limits(bounds: Bounds) -> Mapping[str, int]:
    """Say what the engine is asked to hold a node to, in the words of its ``HostConfig``.

    A node has no swap: it would only be slow for long before the kernel kills.
    """
    memory = None if bounds.memory_megabytes is None else bounds.memory_megabytes << 20
    limits = {
        "NanoCpus": None if bounds.cpus is None else round(bounds.cpus * 1e9),
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": bounds.processes,
    }
    return {name: value for name, value in limits.items() if value is not None}


def _sysctls(spec: NodeSpec) -> Mapping[str, str]:
    """Give the settings of the kernel that are a node's own."""
    settings = {}
    if spec.bounds.ports is not None:
        first, last = spec.bounds.ports[0], spec.bounds.ports[-1]
        settings["net.ipv4.ip_local_port_range"] = f"{first} {last}"
    if len(spec.networks) > 1:  # or whoever shares one with it would be led to the others
        settings["net.ipv4.ip_forward"] = "0"
    return settings


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts the nodes of one world on its networks, which it makes."""

    world: World
    images: Mapping[str, str]
    engine: Engine = field(repr=False)
    ports: Iterator[int] = field(repr=False)  # free ones, for this run alone
    is_ready: ReadyCheck
    say: Callable[[str], None]
    # One at a time: engines up to 27 miscount a network's endpoints when several containers
    # join it at once, and then never let go of it. It is faster, too.
    turn: Lock = field(default_factory=Lock, repr=False)

    def start(self, specs: tuple[NodeSpec, ...]) -> dict[str, Started]:
        """Start all nodes, each as soon as those that it needs are ready.

        Raises:
            NotReadyError: a node did not become ready in time; it is named, with what was
                awaited and its last lines. No other node is waited for then.
        """
        testcontainers_config.ryuk_disabled = True  # its image cannot be had everywhere
        for name in sorted({name for spec in specs for name in self._networks_of(spec)}):
            self._make_network(name)
        gave_up = Event()
        futures: dict[str, Future[Started]] = {}
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="start") as threads:
            try:
                for spec in specs:  # a spec comes after those that it needs
                    needs = [futures[name] for name in spec.needs]
                    ports = {port: next(self.ports) for port in spec.ports}
                    futures[spec.name] = threads.submit(
                        self._start_after, needs, spec, ports, gave_up
                    )
                wait(futures.values(), return_when=FIRST_EXCEPTION)
            finally:
                gave_up.set()
        for future in futures.values():
            error = future.exception()
            if error is not None and not isinstance(error, _GaveUpError):
                raise error
        return {name: future.result() for name, future in futures.items()}

    def _networks_of(self, spec: NodeSpec) -> list[str]:
        """Name the networks that a node is on; the engine leads to its ports by the first.

        That is the first by its name, so no port moves while the node joins the others.
        """
        named = (self.world.network_called(network) for network in spec.networks)
        return sorted(named) or [self.world.network]

    def _make_network(self, name: str) -> None:
        network = Resource(NETWORK, name)
        self.world.register.planned(network)
        with speaking(f"the replica's network {name}", "be made"):
            self.engine.create_network(
                network.name, labels=dict(self.world.labels), check_duplicate=True
            )
        self.world.register.made(network)

    def _start_after(
        self, needs: list[Future[Started]], spec: NodeSpec, ports: Ports, gave_up: Event
    ) -> Started:
        if any(need.exception() for need in needs) or gave_up.is_set():
            raise _GaveUpError
        began = time.monotonic()
        resource = Resource(CONTAINER, self.world.node(spec.name))
        made = partial(self.world.register.made, resource)
        check = _Ready(spec, ports, self.is_ready, gave_up, made)
        container = self._container(spec, ports)
        self.world.register.planned(resource)
        try:
            with speaking(spec.name, "be started"):
                with self.turn:
                    container.start()
                    self._join_others(container, spec)
                check.wait_until_ready(container)
        except _NotReadyError as error:
            raise NotReadyError(
                f"{spec.name} was not ready within {READY_SECONDS} s ({error}); "
                f"its last lines say why:\n{self._of(container, spec).last_lines()}"
            ) from error
        finally:
            container.get_docker_client().client.close()
        seconds = time.monotonic() - began
        self.say(f"replica: {spec.name} is ready ({seconds:.1f} s)")
        return Started(spec, self._of(container, spec), ports)

    def _join_others(self, container: DockerContainer, spec: NodeSpec) -> None:
        """Put a node that runs on the networks besides its first; it stays on them."""
        for network in self._networks_of(spec)[1:]:
            self.engine.connect_container_to_network(
                container.get_container_id(), network, aliases=[spec.name, *spec.aliases]
            )

    def _container(self, spec: NodeSpec, ports: Ports) -> DockerContainer:
        limits = host_limits(spec.bounds)
        network = self._networks_of(spec)[0]
        container = DockerContainer(
            self.images[spec.image],
            docker_client_kw={"timeout": START_ANSWER_SECONDS},
            env=dict(spec.environment),
            name=self.world.node(spec.name),
        ).with_kwargs(
            hostname=spec.name,
            nano_cpus=limits.get("NanoCpus"),
            mem_limit=limits.get("Memory"),
            memswap_limit=limits.get("MemorySwap"),
            pids_limit=limits.get("PidsLimit"),
            sysctls=_sysctls(spec),
            labels={
                **self.world.labels,
                NODE_LABEL: spec.name,
                BOUNDS_LABEL: json.dumps(limits),
                TOOLS_LABEL: self.images["tools"],
            },
            network=network,
            networking_config={
                network: self.engine.create_endpoint_config(aliases=[spec.name, *spec.aliases])
            },
        )
        for folder, disk in spec.bounds.disks.items():
            files = "" if disk.files is None else f",nr_inodes={disk.files}"
            container.with_tmpfs_mount(folder, f"size={disk.megabytes}m,mode=1777{files}")
        for path, content in spec.files.items():
            container.with_copy_into_container(content.encode(), path, FILE_MODE)
        for inside, outside in ports.items():
            # The SDK takes (address, port) here; with a bare port it publishes to the world.
            container.ports[str(inside)] = (HOST, outside)  # type: ignore[assignment] # see above
        return container

    def _of(self, container: DockerContainer, spec: NodeSpec) -> Container:
        return Container(spec.name, container.get_container_id(), self.engine)


class _NotReadyError(Exception):
    """The time is up; the message says what was missing."""


class _GaveUpError(Exception):
    """Another node failed, so this one was not waited for."""


class _Ready(WaitStrategy):
    """Asks the node itself, ten times a second, whether it is ready.

    ``made`` is told first: testcontainers gives no word between making and starting.
    """

    def __init__(
        self,
        spec: NodeSpec,
        ports: Ports,
        is_ready: ReadyCheck,
        gave_up: Event,
        made: Callable[[], None],
    ) -> None:
        super().__init__()
        self.with_startup_timeout(READY_SECONDS).with_poll_interval(POLL_SECONDS)
        self._spec = spec
        self._ports = ports
        self._is_ready = is_ready
        self._gave_up = gave_up
        self._made = made
        self._why_not = "it was never asked"
        self._ask_engine_at = time.monotonic() + 1.0

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        self._made()
        if not self._poll(lambda: self._check(container)):
            raise _NotReadyError(self._why_not)
        if self._gave_up.is_set():
            raise _GaveUpError

    def _check(self, container: WaitStrategyTarget) -> bool:
        if self._gave_up.is_set():
            return True
        try:
            self._is_ready(self._spec, self._ports)
        except NoAnswerError as error:
            self._why_not = str(error)
            if self._has_ended(container):
                self._why_not = "its container ended"
                raise StopIteration from error  # testcontainers' word for: do not poll on
            return False
        return True

    def _has_ended(self, container: WaitStrategyTarget) -> bool:
        """Ask the engine, but only once a second: it has a dozen nodes to start."""
        if time.monotonic() < self._ask_engine_at:
            return False
        self._ask_engine_at = time.monotonic() + 1.0
        container.reload()
        return container.status == "exited"
