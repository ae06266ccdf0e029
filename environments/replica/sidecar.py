"""A container of our tools that joins a node's network or processes for a moment.

So no fault needs a tool inside the node it breaks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import requests
from docker.errors import APIError

from environments.model import GoneError, Resource, WorldError
from environments.replica.containers import Container, Engine, speaking
from environments.replica.world import CONTAINER, World

ENDED_WITHIN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Sidecars:
    """Starts sidecars for the nodes of one world."""

    engine: Engine = field(repr=False)
    world: World
    image: str

    def in_network_of(self, node: Container, script: str) -> str:
        """Run a shell script with the node's network and the right to filter its packets.

        Raises:
            WorldError: the node does not run, or the script failed; it says how.
        """
        host = self.engine.create_host_config(
            network_mode=f"container:{node.id}", cap_add=["NET_ADMIN"]
        )
        return self._run(node, script, host)

    def in_processes_of(self, node: Container, script: str) -> str:
        """Run a shell script among the node's processes.

        Raises:
            WorldError: the node does not run, or the script failed; it says how.
        """
        host = self.engine.create_host_config(
            # joined, since a network of its own would take long to make
            pid_mode=f"container:{node.id}",
            network_mode=f"container:{node.id}",
        )
        return self._run(node, script, host)

    def _run(self, node: Container, script: str, host_config: dict[str, object]) -> str:
        resource = Resource(CONTAINER, self.world.sidecar())
        self.world.register.planned(resource)
        try:
            with speaking(node.name, "be given a sidecar"):
                self._create(resource, script, host_config)
                return self._output(node, resource.name)
        finally:
            self._remove(node, resource)

    def _create(self, resource: Resource, script: str, host_config: dict[str, object]) -> None:
        try:
            self.engine.create_container(
                self.image,
                ["sh", "-euc", script],
                entrypoint="",
                host_config=host_config,
                labels=dict(self.world.labels),
                name=resource.name,
            )
        except APIError:  # an answer: there is none, nor will there be
            self.world.register.gone(resource)
            raise
        self.world.register.made(resource)

    def _output(self, node: Container, sidecar: str) -> str:
        self.engine.start(sidecar)
        code = self._exit_code(node, sidecar)
        output = bytes(self.engine.logs(sidecar)).decode(errors="replace")
        if code != 0:
            raise WorldError(
                f"{node.name}: its sidecar ended with exit code {code}: {output.strip()}"
            )
        return output

    def _exit_code(self, node: Container, sidecar: str) -> int:
        try:
            ended = self.engine.wait(sidecar, timeout=ENDED_WITHIN_SECONDS)
        except (requests.Timeout, requests.ConnectionError) as error:
            raise WorldError(
                f"{node.name}: its sidecar had not ended after {ENDED_WITHIN_SECONDS} s; "
                "see whether the engine is overloaded, or take a fresh environment"
            ) from error
        return int(ended["StatusCode"])

    def _remove(self, node: Container, resource: Resource) -> None:
        """Remove it by its name, which also finds one whose creation was not heard of.

        One that is not there was removed by somebody else, or is still to come: the
        register says which, and nothing is added to it.
        """
        try:
            with speaking(node.name, "be freed of its sidecar"):
                self.engine.remove_container(resource.name, force=True)
        except GoneError:
            return
        self.world.register.gone(resource)
