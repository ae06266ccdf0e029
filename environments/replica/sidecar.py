"""A container of our tools that joins a node's network or processes for a moment.

So no fault needs a tool inside the node it breaks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from environments.model import WorldError
from environments.replica.containers import RUN_LABEL, Container, speaking

if TYPE_CHECKING:
    import docker

ENDED_WITHIN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Sidecars:
    """Starts sidecars for the nodes of one run."""

    engine: docker.APIClient = field(repr=False)
    run: str
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
        with speaking(node.name, "be given a sidecar"):
            created = self.engine.create_container(
                self.image,
                ["sh", "-euc", script],
                entrypoint="",
                host_config=host_config,
                labels={RUN_LABEL: self.run},
            )["Id"]
            try:
                self.engine.start(created)
                code = self.engine.wait(created, timeout=ENDED_WITHIN_SECONDS)["StatusCode"]
                output = bytes(self.engine.logs(created)).decode(errors="replace")
            finally:
                self.engine.remove_container(created, force=True)
        if code != 0:
            raise WorldError(
                f"{node.name}: its sidecar ended with exit code {code}: {output.strip()}"
            )
        return output
