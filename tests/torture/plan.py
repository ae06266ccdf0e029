"""Which drill is killed when: all of it follows from one seed. Pure."""

from __future__ import annotations

import ast
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Seconds from process start to its end, measured or reckoned on two cores with the images
# built. A drill that ends before it is killed puts its own duration in their place.
MEASURED_SECONDS = {
    "test_one_application_instance_crashes": 44.0,
    "test_all_application_instances_crash": 40.0,
    "test_payments_becomes_slow_then_errs_then_is_gone": 65.0,
    "test_the_primary_is_killed_in_maintenance": 65.0,
    "test_the_primary_is_killed_and_left_alone": 62.0,
    "test_partition_of_the_primary_from_everyone": 66.0,
    "test_partition_of_the_primary_that_customers_still_reach": 65.0,
    "test_a_backup_fails": 50.0,
    "test_the_archive_stops": 50.0,
    "test_a_backup_is_damaged": 60.0,
    "test_a_replica_falls_behind": 85.0,
    "test_pages_of_a_replica_are_damaged": 70.0,
    "test_pages_of_the_primary_are_damaged": 100.0,
    "test_pages_of_all_databases_are_damaged": 110.0,
    "test_a_table_is_dropped": 80.0,
    "test_rows_are_wrongly_changed": 80.0,
    "test_the_cluster_is_put_back_to_a_moment": 85.0,
    "test_all_databases_are_lost": 110.0,
    "test_all_databases_and_the_near_repository_are_lost": 200.0,
    "test_every_backup_of_the_near_repository_can_be_restored": 110.0,
    "test_every_backup_of_the_offsite_repository_can_be_restored": 110.0,
    "test_what_recovery_costs_is_measured": 160.0,
    "test_the_disk_of_the_log_is_full": 80.0,
    "test_the_primary_cache_is_killed_and_left_alone": 75.0,
    "test_the_primary_cache_is_killed_in_maintenance": 85.0,
    "test_both_regions_are_degraded": 110.0,
    "test_a_cascade_without_protections_is_ended_by_people": 120.0,
    "test_with_protections_the_same_trigger_starts_no_cascade": 65.0,
    "test_the_connections_of_the_database_are_exhausted": 90.0,
    "test_dns_fails_and_an_instance_crashes": 130.0,
    "test_the_primary_is_with_a_minority": 75.0,
    "test_the_primary_has_the_majority_and_no_customers": 75.0,
    "test_packets_of_the_primary_are_lost_one_way": 75.0,
    "test_the_network_of_the_primary_flaps": 90.0,
    "test_ten_partitions_of_random_shape": 240.0,
    "test_the_region_is_lost_and_comes_back": 150.0,
    "test_the_region_is_cut_off_and_comes_back": 170.0,
    "test_the_regions_are_parted": 95.0,
    "test_the_regions_are_far_apart": 95.0,
    "test_the_zone_of_the_primary_is_gone": 80.0,
}
UNMEASURED_SECONDS = 60.0
# A little beyond the usual end, so that the last moments are reached on a slow day too.
LONGEST_SHARE = 1.05
GUARDIAN_TOO = 1 / 3
# Half of the guardians that are killed die with their runner, half while they mend.
GUARDIAN_AT_ONCE = 1 / 2
MENDING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill; ``share`` is of the drill's usual duration, from its process's start."""

    number: int
    drill: str
    share: float
    guardian_after_seconds: float | None  # after its runner; None: the guardian lives


def kill_number(number: int, drills: tuple[str, ...], seed: int) -> Kill:
    """Draw one kill; no other kill's draw changes it."""
    chance = random.Random(f"{seed}-{number}")  # noqa: S311 - it must be possible to repeat
    drill = chance.choice(drills)
    share = chance.uniform(0, LONGEST_SHARE)
    delay = 0.0 if chance.random() < GUARDIAN_AT_ONCE else chance.uniform(0, MENDING_SECONDS)
    too = chance.random() < GUARDIAN_TOO
    return Kill(number, drill, share, delay if too else None)


def drills_in(scenarios: Path) -> tuple[str, ...]:
    """List the test functions of all scenarios by name."""
    return tuple(
        statement.name
        for file in sorted(scenarios.glob("test_*.py"))
        for statement in ast.parse(file.read_text()).body
        if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test_")
    )


@dataclass(slots=True)
class Durations:
    """How long each drill usually takes, in seconds."""

    seconds: dict[str, float] = field(default_factory=lambda: dict(MEASURED_SECONDS))

    def of(self, drill: str) -> float:
        return self.seconds.get(drill, UNMEASURED_SECONDS)

    def learn(self, drill: str, seconds: float) -> None:
        self.seconds[drill] = seconds
