"""What an auditor would ask of the replica: versions, image digests, the engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from environments.model import Node, WorldError
from environments.replica.containers import speaking
from environments.replica.topology import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

ASKED_WITHIN = timedelta(seconds=10)

# Which Debian packages make up each role.
PACKAGES: Mapping[Role, tuple[str, ...]] = {
    Role.DB: ("postgresql-17", "patroni"),
    Role.ETCD: ("etcd-server",),
    Role.EDGE: ("haproxy",),
    Role.CACHE: ("redis-server",),
    Role.APP: ("python3", "python3-fastapi", "python3-uvicorn", "python3-asyncpg"),
    Role.PROMETHEUS: ("prometheus",),
    Role.MIGRATOR: ("alembic",),
}


def versions(
    engine: docker.APIClient, images: Mapping[str, str], nodes: Sequence[Node]
) -> Mapping[str, str]:
    """Ask the engine and one node of each role that runs.

    Raises:
        WorldError: the engine does not answer.
    """
    with speaking("the engine", "be asked for its version"):
        told = engine.version()
        digests = {
            f"image {name}": f"{tag} {_digest(engine, tag)}"
            for name, tag in sorted(images.items())
        }
    roles = [role for role in PACKAGES if any(node.role == role for node in nodes)]
    with ThreadPoolExecutor(len(PACKAGES)) as threads:
        packages = list(threads.map(lambda role: _packages(role, nodes), roles))
    return {
        "engine": f"Docker {told['Version']} (API {told['ApiVersion']})",
        "kernel": str(told["KernelVersion"]),
        **{name: version for found in packages for name, version in found.items()},
        **digests,
    }


def _digest(engine: docker.APIClient, tag: str) -> str:
    found = engine.inspect_image(tag)  # type: ignore[no-untyped-call] # the stubs forgot it
    return str(found["Id"])


def _packages(role: Role, nodes: Sequence[Node]) -> dict[str, str]:
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES[role]]
    failure = ""
    for node in (node for node in nodes if node.role == role):
        try:
            answer = node.run(query, within=ASKED_WITHIN)
        except WorldError as error:
            failure = str(error)
            continue
        return dict(line.split(" ", 1) for line in answer.stdout.splitlines())
    return dict.fromkeys(PACKAGES[role], f"unknown: {failure}")
