"""We believe that the job which faults start beside a service has its processes, and ends."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.faults import take_cpu, take_memory
from fixtures.faults.by_neighbour import write_job
from fixtures.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOON = timedelta(seconds=10)
IDLE = """
def work():
    signal.pause()
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a job that does this work; whatever becomes of the test, it ends."""
    started: list[subprocess.Popen[bytes]] = []

    def start(work: str, *told: str) -> subprocess.Popen[bytes]:
        subprocess.run(
            ["sh", "-euc", write_job(work)],
            env={**os.environ, "KEPT": str(tmp_path)},
            check=True,
        )
        job = tmp_path / "batch-job"
        job.chmod(0o755)
        started.append(subprocess.Popen([job, *told]))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()


def children(job: subprocess.Popen[bytes]) -> set[int]:
    told = Path(f"/proc/{job.pid}/task/{job.pid}/children").read_text()
    return {int(child) for child in told.split()}


def name_of(process: int) -> str:
    return Path(f"/proc/{process}/comm").read_text().strip()


def test_it_has_as_many_processes_as_it_was_told_and_another_for_each_that_ends(
    start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    job = start(IDLE, "3", "0", "0.1")
    wait_until("its processes", lambda: len(children(job)) == 3, at_most=SOON)
    first = children(job)
    assert {name_of(one) for one in {job.pid, *first}} == {"batch-job"}
    os.kill(min(first), signal.SIGKILL)
    wait_until(
        "another process",
        lambda: len(children(job)) == 3 and min(first) not in children(job),
        at_most=SOON,
    )
    (tmp_path / "batch-job").unlink()
    assert job.wait(SOON.total_seconds()) == 0
    wait_until("all to have ended", lambda: not any(map(is_alive, first)), at_most=SOON)


def test_all_of_it_ends_with_its_first_process(
    start: Callable[..., subprocess.Popen[bytes]],
) -> None:
    job = start(IDLE, "3", "0", "0.1")
    wait_until("its processes", lambda: len(children(job)) == 3, at_most=SOON)
    others = children(job)
    job.kill()
    wait_until("all to have ended", lambda: not any(map(is_alive, others)), at_most=SOON)


def test_one_that_takes_memory_grows_to_the_size_that_it_was_told(
    start: Callable[..., subprocess.Popen[bytes]],
) -> None:
    size = 40_000
    job = start(take_memory.WORK, "1", "0.05", "0.1", str(size))
    wait_until(
        "a process of that size",
        lambda: [one for one in children(job) if size <= resident(one) < size * 1.1],
        at_most=SOON,
    )


def test_one_that_takes_processors_uses_them(
    start: Callable[..., subprocess.Popen[bytes]],
) -> None:
    job = start(take_cpu.WORK, "1", "0", "0.1")
    wait_until("a process", lambda: children(job), at_most=SOON)
    (burner,) = children(job)
    wait_until(
        "a fifth of a second of a processor to be used",
        lambda: ticks(burner) >= os.sysconf("SC_CLK_TCK") // 5,
        at_most=SOON,
    )


def is_alive(process: int) -> bool:
    try:
        return name_of(process) == "batch-job"
    except OSError:
        return False


def resident(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS"))


def ticks(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().split()[13])
