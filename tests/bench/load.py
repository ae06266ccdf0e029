"""Print what the load can do here: its rate, and the gaps that limit every figure.

``python -m tests.bench.load``, from the project's root. A healthy server and one that
takes every order and answers none are asked in turn, since an outage is what we measure.
Then one process and two workers are asked for more and more, until they cannot; the server is
on the same processors, and takes its share of them.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
import psutil

from fixtures.load.process import Load, LoadNotSteadyError, start_load
from fixtures.waiting import wait_until
from reports.ledger import Operation, Outcome
from tests.unit.load.shop import Behaviour, Shop, open_shop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RATES = [100, 400]
TRIED_RATES = [800, 1600, 2400, 3200]
SECONDS = 6.0


def main() -> None:
    for rate in RATES:
        with open_shop() as shop, _load(shop, rate) as load:
            print_span(f"{rate:5}/s healthy", *watch(load))
            shop.behaviour = Behaviour.HANG
            print_span(f"{rate:5}/s hanging", *watch(load))
    for workers in (1, 2):
        for rate in TRIED_RATES:
            if not _is_reached(rate, workers):
                break


def _is_reached(rate: int, workers: int) -> bool:
    name = f"{rate:5}/s from {workers} process{'es' if workers > 1 else ''}"
    try:
        with open_shop() as shop, _load(shop, rate, workers) as load:
            print_span(name, *watch(load))
    except LoadNotSteadyError as error:
        _print(f"{name} not reached: {error}")
        return False
    return True


def _load(shop: Shop, rate: int, workers: int = 1) -> Load:
    return start_load(
        shop.entrance, users=20, attempts_per_second=rate, customer="bench", seed=1,
        folder=Path(tempfile.mkdtemp(prefix="bench-")), say=lambda _: None, workers=workers,
    )  # fmt: skip


def watch(load: Load) -> tuple[NDArray[np.void], float]:
    """Return the orders begun in the next SECONDS, and the share of a core they took."""
    locust = [psutil.Process(one) for one in (load.process_id, *load.worker_ids)]
    since, used = monotonic(), _cpu_seconds(locust)
    wait_until(
        "the time to measure",
        lambda: monotonic() >= since + SECONDS,
        at_most=timedelta(seconds=SECONDS + 1),
    )
    used = _cpu_seconds(locust) - used
    attempts = load.view()
    chosen = (attempts["began"] >= since) & (attempts["operation"] == Operation.CREATE)
    return attempts[chosen], used / (monotonic() - since)


def _cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return float(sum(one.user + one.system for one in times))


def print_span(name: str, orders: NDArray[np.void], cores: float) -> None:
    gaps = np.diff(orders["began"]) * 1000
    rate = (len(orders) - 1) / (orders["began"][-1] - orders["began"][0])
    taken = np.mean(orders["outcome"] == Outcome.YES)
    median, p99 = np.percentile(gaps, [50, 99])
    _print(
        f"{name}: {rate:7.1f} orders/s begun, {taken:4.0%} taken; resolution: median "
        f"{median:5.2f} ms, P99 {p99:5.2f} ms, widest {gaps.max():5.1f} ms; "
        f"Locust took {cores:.0%} of a core"
    )


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
