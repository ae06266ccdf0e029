"""Start the containers of a replica, side by side where nothing depends on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from docker.errors import NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from environments.model import NotReadyError, WorldError
from environments.replica.checks import Ports
from environments.replica.containers import (
    ANSWER_SECONDS,
    NODE_LABEL,
    RUN_LABEL,
    Container,
    speaking,
)
from environments.replica.probes import HOST, POLL_SECONDS, NoAnswerError
from environments.replica.topology import NodeSpec

if TYPE_CHECKING:
    import docker

READY_SECONDS = 90  # cold disks and a busy machine included; 10 is usual
# More at once only take the processor from those that others wait for. It must be more
# than the nodes that are ready last, which keep a thread each until then.
SIDE_BY_SIDE = 8
ReadyCheck = Callable[[NodeSpec, Ports], None]  # raises NoAnswerError while it is not ready


@dataclass(frozen=True, slots=True)
class Started:
    spec: NodeSpec
    container: Container
    ports: Ports
    seconds: float  # from its own start until it was ready


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts the nodes of one run on one network."""

    run: str
    images: Mapping[str, str]
    engine: docker.APIClient = field(repr=False)
    ports: Iterator[int] = field(repr=False)  # free ones, for this run alone
    is_ready: ReadyCheck
    say: Callable[[str], None]

    def start(self, specs: tuple[NodeSpec, ...]) -> dict[str, Started]:
        """Start all nodes, each as soon as those that it needs are ready.

        Raises:
            NotReadyError: a node did not become ready in time; it is named, with what was
                awaited and its last lines. No other node is waited for then.
        """
        testcontainers_config.ryuk_disabled = True  # its image cannot be had everywhere
        self._make_network()
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

    @property
    def _network(self) -> str:
        return f"muster-{self.run}"

    def _make_network(self) -> None:
        with speaking("the replica's network", "be made"):
            self.engine.create_network(
                self._network, labels={RUN_LABEL: self.run}, check_duplicate=True
            )

    def _start_after(
        self, needs: list[Future[Started]], spec: NodeSpec, ports: Ports, gave_up: Event
    ) -> Started:
        if any(need.exception() for need in needs) or gave_up.is_set():
            raise _GaveUpError
        began = time.monotonic()
        check = _Ready(spec, ports, self.is_ready, gave_up)
        container = self._container(spec, ports).waiting_for(check)
        try:
            with speaking(spec.name, "be started"):
                container.start()
        except _NotReadyError as error:
            raise NotReadyError(
                f"{spec.name} was not ready within {READY_SECONDS} s ({error}); "
                f"its last lines say why:\n{self._of(container, spec).last_lines()}"
            ) from error
        finally:
            container.get_docker_client().client.close()
        seconds = time.monotonic() - began
        self.say(f"replica: {spec.name} is ready ({seconds:.1f} s)")
        return Started(spec, self._of(container, spec), ports, seconds)

    def _container(self, spec: NodeSpec, ports: Ports) -> DockerContainer:
        container = DockerContainer(
            self.images[spec.image],
            docker_client_kw={"timeout": ANSWER_SECONDS},
            env=dict(spec.environment),
            name=f"{self._network}-{spec.name}",
        ).with_kwargs(
            hostname=spec.name,
            labels={RUN_LABEL: self.run, NODE_LABEL: spec.name},
            network=self._network,
            networking_config={
                self._network: self.engine.create_endpoint_config(
                    aliases=[spec.name, *spec.aliases]
                )
            },
        )
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
    """Asks the node itself, ten times a second, whether it is ready."""

    def __init__(
        self, spec: NodeSpec, ports: Ports, is_ready: ReadyCheck, gave_up: Event
    ) -> None:
        super().__init__()
        self.with_startup_timeout(READY_SECONDS).with_poll_interval(POLL_SECONDS)
        self._spec = spec
        self._ports = ports
        self._is_ready = is_ready
        self._gave_up = gave_up
        self._why_not = "it was never asked"
        self._ask_engine_at = time.monotonic() + 1.0

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
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


def remove_everything(run: str, engine: docker.APIClient) -> None:
    """Remove every container and network that carries the run's label.

    Each removal is tried, whatever became of the others.

    Raises:
        WorldError: something could not be removed; all of that is named.
    """
    labelled = {"label": f"{RUN_LABEL}={run}"}
    with speaking(f"the replica of run {run}", "be listed"):
        containers = engine.containers(all=True, filters=labelled)
        networks = engine.networks(filters=labelled)
    with ThreadPoolExecutor(max(1, len(containers)), thread_name_prefix="remove") as threads:
        failures = list(
            threads.map(lambda found: _removal_failure(engine, found["Id"]), containers)
        )
    failures += [_network_removal_failure(engine, found["Id"]) for found in networks]
    if sentences := [failure for failure in failures if failure]:
        raise WorldError("; ".join(sentences))


def _removal_failure(engine: docker.APIClient, container: str) -> str | None:
    try:
        with speaking(f"container {container[:12]}", "be removed"):
            _unless_gone(lambda: engine.remove_container(container, force=True, v=True))
    except WorldError as error:
        return str(error)
    return None


def _network_removal_failure(engine: docker.APIClient, network: str) -> str | None:
    try:
        with speaking(f"network {network[:12]}", "be removed"):
            _unless_gone(lambda: engine.remove_network(network))
    except WorldError as error:
        return str(error)
    return None


def _unless_gone(remove: Callable[[], object]) -> None:
    try:
        remove()
    except NotFound:
        return
