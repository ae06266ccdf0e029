"""A page that leaves what takes everything, or what it took, must be found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from environments.catalog import Settings
from scenarios import (
    test_exhaustion_cpu as cpu,
)
from scenarios import (
    test_exhaustion_descriptors as descriptors,
)
from scenarios import (
    test_exhaustion_memory as memory,
)
from scenarios import (
    test_exhaustion_processes as processes,
)

if TYPE_CHECKING:
    from tests.sabotage.sabotaged import Sabotaged

pytestmark = [
    pytest.mark.sabotage,
    pytest.mark.nightly,
    pytest.mark.settings(Settings(bounded=True)),
]

SHORT = timedelta(seconds=15)
EVERY_NODE = 3


def leave_the_job(sabotaged: Sabotaged, page: str) -> None:
    sabotaged.change(page, 'kill "${process#/proc/}" || true', "true", times=EVERY_NODE)


def test_a_job_that_goes_on_burning_an_instance_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu, "WATCH", SHORT)
    leave_the_job(sabotaged, "instance-starved.md")  # which puts it back into rotation
    sabotaged.change("instance-starved.md", "--retry 40", "--retry 5")

    sabotaged.must_be_missed(cpu.test_an_instance_gets_no_processor_time, "nobody mended")


def test_a_job_that_goes_on_burning_the_primary_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu, "WATCH", SHORT)
    step = "End what is not the database on the first database"
    sabotaged.leave_out("primary-starved.md", step, then_stop=True)

    sabotaged.must_be_missed(cpu.test_the_primary_gets_no_processor_time, "nobody mended")


def test_a_leaking_release_that_is_started_again_is_found(sabotaged: Sabotaged) -> None:
    sabotaged.leave_out("memory-leak.md", "Roll the release back on the second instance")

    sabotaged.must_be_missed(
        memory.test_an_instance_leaks_until_the_kernel_ends_it,
        "memory-leak.md",
        "nobody mended",
    )


def test_a_service_that_is_started_beside_what_killed_it_is_found(sabotaged: Sabotaged) -> None:
    leave_the_job(sabotaged, "memory-taken.md")
    sabotaged.change("memory-taken.md", "--retry 40", "--retry 5")

    sabotaged.must_be_missed(
        memory.test_a_neighbour_takes_the_memory_of_an_instance,
        "memory-taken.md",
        "nobody mended",
    )


def test_patroni_that_is_started_beside_what_killed_it_is_found(sabotaged: Sabotaged) -> None:
    leave_the_job(sabotaged, "memory-taken-database.md")
    sabotaged.change("memory-taken-database.md", "within=2m", "within=15s")

    sabotaged.must_be_missed(
        memory.test_a_neighbour_takes_the_memory_of_the_primary,
        "memory-taken-database.md",
        "nobody mended",
    )


def test_a_page_that_leaves_a_stuck_leader_its_lease_misses_the_rto(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An intact drill takes about 8 s here, so this objective would be met.
    monkeypatch.setattr(processes, "WATCH", SHORT)
    monkeypatch.setattr(processes, "OBJECTIVES", replace(processes.OBJECTIVES, rto_seconds=15))
    sabotaged.leave_out("no-process-left.md", "Stop Patroni on the stuck node", then_stop=True)

    sabotaged.must_be_missed(
        processes.test_the_primary_has_no_process_left, "RTO missed", "nobody mended"
    )


def test_an_instance_that_nobody_restarts_is_found(
    sabotaged: Sabotaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptors, "WATCH", SHORT)
    sabotaged.leave_out("no-descriptor-left.md", "Restart the instance", then_stop=True)

    sabotaged.must_be_missed(
        descriptors.test_an_instance_has_no_descriptor_left, "nobody mended"
    )
