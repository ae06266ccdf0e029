"""Print how fast both regions are ready, and the memory they take while customers order.

``python -m tests.bench.regions``. The aims on two cores: ready in 25 s once the images are
there, and the whole stack (caches under Sentinel and backups too) under 3 GiB.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from environments.catalog import Settings, open_environment
from environments.replica.containers import connect
from environments.replica.engine import ensure_engine
from environments.replica.image_builder import build_images
from environments.replica.world import NODE_LABEL, WORLD_LABEL
from fixtures.load.process import start_load
from fixtures.run import new_run_id
from tests.bench.load import watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.model import Environment
    from environments.replica.containers import Engine

STARTS = 3
MIB = 1 << 20
WHOLE = Settings(second_region=True, cache_failover=True, backups=True)


def main() -> None:
    ensure_engine(_print)
    build_images(None, _print)
    for _ in range(STARTS):
        _start("both regions", Settings(second_region=True))
    _start("both regions, caches under Sentinel, backups", WHOLE)


def _start(what: str, settings: Settings) -> None:
    began = monotonic()
    with open_environment(
        "replica", run=new_run_id(), say=_ignore, settings=settings
    ) as environment:
        _print(f"{what}: ready in {monotonic() - began:.1f} s")
        if settings == WHOLE:
            _let_customers_order(environment)
            _print_memory(environment)


def _let_customers_order(environment: Environment) -> None:
    folder = Path(tempfile.mkdtemp(prefix="muster-bench-"))
    with start_load(
        environment.entrance, users=20, attempts_per_second=50, folder=folder,
        customer="bench", seed=1, say=_ignore,
    ) as load:  # fmt: skip
        watch(load)


def _print_memory(environment: Environment) -> None:
    roles = {node.name: node.role for node in environment.nodes}
    by_role: dict[str, list[int]] = defaultdict(list)
    for name, used in _memory_bytes(environment.id).items():
        by_role[roles[name]].append(used)
    for role, sizes in sorted(by_role.items(), key=lambda item: -sum(item[1])):
        _print(f"{role:12} {len(sizes):2} x {sum(sizes) / len(sizes) / MIB:6.1f} MiB")
    whole = [size for sizes in by_role.values() for size in sizes]
    _print(f"the whole stack, {len(whole)} nodes: {sum(whole) / MIB:.0f} MiB")


def _memory_bytes(world: str) -> Mapping[str, int]:
    """Node name -> the memory its processes hold, without files that could be read again."""
    with closing(connect()) as engine, ThreadPoolExecutor(8) as threads:
        containers = engine.containers(
            filters={"label": [f"{WORLD_LABEL}={world}", NODE_LABEL]}
        )
        used = threads.map(lambda one: _used(engine, one["Id"]), containers)
        return {
            one["Labels"][NODE_LABEL]: memory
            for one, memory in zip(containers, used, strict=True)
        }


def _used(engine: Engine, container: str) -> int:
    memory = engine.stats(container, stream=False, one_shot=True)["memory_stats"]
    details = memory["stats"]
    # Its name differs between the first and the second version of control groups.
    files = details.get("total_inactive_file", details.get("inactive_file", 0))
    return int(memory["usage"]) - int(files)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _ignore(_: str) -> None:
    """Progress is of no interest between figures."""


if __name__ == "__main__":
    main()
