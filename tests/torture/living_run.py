"""A Muster run that lives: ``python -m tests.torture.living_run RUN IMAGE``.

It holds its journal, has a guardian, and a small world: a network and a container. It says
"ready" and removes all of it again when its input ends, which also happens when whoever
started it is killed.
"""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

from environments.catalog import caretaker, engine_of
from environments.model import Resource
from environments.replica.world import CONTAINER, NETWORK, NODE_LABEL, World
from fixtures.guarded import GuardedRun, open_guarded_run
from fixtures.identity import own_identity
from fixtures.run import Run
from tests.torture.oracle import connect

if TYPE_CHECKING:
    import docker

NODE = "east-db-1"


def main(run_id: str, image: str) -> None:
    run = Run(run_id, 1, tuple(sys.argv))
    with open_guarded_run(run, environment="replica") as guarded, closing(connect()) as engine:
        name = f"{run.label}-1"
        guarded.world_planned(name)
        _make(engine, World(name, str(own_identity()), guarded.register(name)), image)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
        _remove(guarded, name)


def _make(engine: docker.APIClient, world: World, image: str) -> None:
    network = Resource(NETWORK, world.network)
    world.register.planned(network)
    engine.create_network(network.name, labels=dict(world.labels))
    world.register.made(network)
    container = Resource(CONTAINER, world.node(NODE))
    world.register.planned(container)
    engine.create_container(
        image,
        ["sleep", "infinity"],
        name=container.name,
        labels={**world.labels, NODE_LABEL: NODE},
        host_config=engine.create_host_config(network_mode=network.name),
    )
    engine.start(container.name)
    world.register.made(container)


def _remove(guarded: GuardedRun, name: str) -> None:
    with closing(caretaker("replica", engine_of("replica"))) as hands:
        hands.remove(name)
    guarded.world_removed(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
