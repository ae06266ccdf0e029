"""Print how fast the replica is built, gets ready and breaks: `python -m tests.bench.replica`.

The aims on two cores: a warm replica ready in 15 s, each fault in effect within a second,
attempts at the customers' entrance no further apart than 20 ms.
"""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import docker

from environments.catalog import open_environment
from environments.replica.engine import ensure_engine
from environments.replica.engine_address import docker_environment
from environments.replica.image_builder import IMAGES, build_images
from fixtures.faults import Cut, Fault, Kill, Partition, Pause, Reset, Slow, Throttle
from fixtures.load.process import start_load
from fixtures.run import new_run_id
from fixtures.waiting import wait_until
from fixtures.worlds import wait_for_steady_state
from tests.bench.load import print_span, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from environments.model import Environment

STARTS = 3
FAULTS: tuple[Fault, ...] = (
    Kill("east-app-2"),
    Kill("east-cache-1"),
    Pause("east-app-2"),
    Partition("db:standby", "*"),
    Slow("app-to-payments", by=timedelta(milliseconds=200)),
    Cut("app-to-cache"),
    Reset("app-to-payments"),
    Throttle("app-to-payments", kilobytes_per_second=100),
)


def main() -> None:
    ensure_engine(_print)
    _print(f"images, nothing in any cache but the base: {_cold_build_seconds():.0f} s")
    for last in [False] * (STARTS - 1) + [True]:
        began = monotonic()
        with open_environment("replica", run=new_run_id(), say=_ignore) as environment:
            _print(f"replica ready: {monotonic() - began:.1f} s")
            if last:
                for fault in FAULTS:
                    _time(fault, environment)
                _time_customers(environment)


def _cold_build_seconds() -> float:
    """Build copies of all images whose layers no cache can hold, then remove them."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(IMAGES, Path(scratch) / "images"))
        for page in copy.glob("*/Dockerfile"):
            lines = page.read_text().splitlines()
            base = next(i for i, line in enumerate(lines) if line.startswith("FROM "))
            lines.insert(base + 1, f"LABEL muster.bench={secrets.token_hex(8)}")
            page.write_text("\n".join(lines) + "\n")
        began = monotonic()
        built = build_images(None, _ignore, root=copy, locks=Path(scratch))
        seconds = monotonic() - began
    _remove(built)
    return seconds


def _remove(images: Mapping[str, str]) -> None:
    engine = docker.DockerClient.from_env(environment=docker_environment())
    with engine.api:
        for tag in images.values():
            engine.images.remove(tag)


def _time(fault: Fault, environment: Environment) -> None:
    planned = fault.plan(environment)
    refused = planned.unavailable(environment)
    if refused:
        _print(f"{planned}: cannot be done here: {refused}")
        return
    with _reverted(planned, environment):
        began = monotonic()
        planned.inject(environment)
        injected = monotonic() - began
        _wait_for(f"{planned} to take effect", planned.has_taken_effect, environment)
        _print(
            f"{planned}: injected in {injected:.2f} s, proven at {monotonic() - began:.2f} s"
        )


@contextmanager
def _reverted(fault: Fault, environment: Environment) -> Iterator[None]:
    try:
        yield
    finally:
        fault.revert(environment)
        _wait_for(f"{fault} to be gone", fault.has_gone, environment)
        wait_for_steady_state(environment, at_most=timedelta(seconds=60))


def _wait_for(
    what: str, is_so: Callable[[Environment], bool], environment: Environment
) -> None:
    wait_until(
        what,
        lambda: is_so(environment),
        at_most=timedelta(seconds=30),
        every=timedelta(milliseconds=10),
    )


def _time_customers(environment: Environment) -> None:
    folder = Path(tempfile.mkdtemp(prefix="muster-bench-"))
    with start_load(
        environment.entrance, users=20, attempts_per_second=100, folder=folder,
        customer="bench", seed=1, say=_ignore,
    ) as load:  # fmt: skip
        print_span("customers of the replica", *watch(load))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _ignore(_: str) -> None:
    """Progress is of no interest between figures."""


if __name__ == "__main__":
    main()
