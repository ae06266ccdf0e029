"""We believe that how the backups are can be seen from outside, and that failures are told."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import requests

from environments.catalog import Settings
from environments.replica.replica import Replica
from environments.selectors import select
from fixtures.waiting import wait_until
from tests.contract.repositories import HOSTS, WITHIN, backups_of, on, told

if TYPE_CHECKING:
    from environments.model import Environment

pytestmark = [pytest.mark.contract, pytest.mark.settings(Settings(backups=True))]

PREPARED = "/var/lib/muster/backups/prepared"
JOBS_LOCKS = {"PGBACKREST_LOCK_PATH": "/run/muster/locks"}  # not the server's

ONE_BY_DAY = pytest.mark.parametrize(
    "host", ["east-backup", pytest.param("west-backup", marks=pytest.mark.nightly)]
)


def page(replica: Environment, host: str, path: str) -> requests.Response:
    assert isinstance(replica, Replica)
    port = replica.started[host].port(9854)
    return requests.get(f"http://127.0.0.1:{port}{path}", timeout=10)


def wait_until_well(replica: Environment, host: str) -> None:
    wait_until(
        f"{host} to be well",
        lambda: page(replica, host, "/health").ok,
        at_most=WITHIN,
        why_not=lambda _: page(replica, host, "/health").text,
    )


def metric(replica: Environment, host: str, name: str) -> float:
    found = re.search(
        rf"^{re.escape(name)} (\S+)$", page(replica, host, "/metrics").text, re.MULTILINE
    )
    assert found, name
    return float(found[1])


@pytest.mark.requirement("BKP-6", "BKP-7")
@ONE_BY_DAY
def test_the_manifest_and_the_metrics_tell_what_the_repository_holds(
    replica: Environment, host: str
) -> None:
    told(replica, host, "backup-job incr")
    backups = backups_of(replica, host)
    newest = backups[-1]
    wait_until(
        "the newest backup to be told of",
        lambda: str(newest["label"]) in page(replica, host, "/manifest").text,
        at_most=WITHIN,
    )
    table = re.findall(
        r"^\| (\d{8}-\S+) \|", page(replica, host, "/manifest").text, re.MULTILINE
    )
    listed = page(replica, host, "/manifest.json").json()["backups"]
    assert table == [one["label"] for one in listed] == [one["label"] for one in backups]
    for kind in ("full", "diff", "incr"):
        name = f'pgbackrest_backup_count{{backup_type="{kind}"}}'
        assert metric(replica, host, name) == sum(one["type"] == kind for one in backups)
    size = newest["info"]["size"]
    assert metric(replica, host, "pgbackrest_backup_last_size_bytes") == size
    completed = newest["timestamp"]["stop"]
    age = 'pgbackrest_backup_since_last_completion_seconds{backup_type="incr"}'
    now = datetime.now(UTC).timestamp()
    assert metric(replica, host, age) == pytest.approx(now - completed, abs=5)
    assert metric(replica, host, "pgbackrest_backup_last_run_failed") == 0


@pytest.mark.requirement("BKP-7")
@ONE_BY_DAY
def test_a_backup_that_failed_is_told_until_one_succeeds(
    replica: Environment, host: str
) -> None:
    wait_until_well(replica, host)
    told(replica, host, "pgbackrest --stanza=muster stop", **JOBS_LOCKS)
    try:
        assert on(replica, host, "backup-job incr").exit_code == 1
        wait_until(
            "the failure to be told",
            lambda: page(replica, host, "/health").status_code == 503,
            at_most=WITHIN,
        )
        (finding,) = page(replica, host, "/health").json()["findings"]
        assert finding.startswith("the last incr backup failed: ERROR: [062]: stop file exists")
        assert metric(replica, host, "pgbackrest_backup_last_run_failed") == 1
    finally:
        told(replica, host, "pgbackrest --stanza=muster start", **JOBS_LOCKS)
    told(replica, host, "backup-job incr")
    wait_until_well(replica, host)


def test_a_job_that_falls_due_before_the_first_backup_leaves_no_failure(
    replica: Environment,
) -> None:
    wait_until_well(replica, "east-backup")
    told(replica, "east-backup", "pgbackrest --stanza=muster stop", **JOBS_LOCKS)
    told(replica, "east-backup", f"mv {PREPARED} {PREPARED}.away")
    try:
        done = on(replica, "east-backup", "backup-job incr")
    finally:
        told(replica, "east-backup", f"mv {PREPARED}.away {PREPARED}")
        told(replica, "east-backup", "pgbackrest --stanza=muster start", **JOBS_LOCKS)
    assert done.exit_code == 0
    assert metric(replica, "east-backup", "pgbackrest_backup_last_run_failed") == 0


@pytest.mark.nightly
def test_backups_that_fall_due_at_the_same_moment_are_all_made(replica: Environment) -> None:
    """Those of one repository wait for each other; the other repository's do not."""
    began = datetime.now(UTC)
    before = {host: len(backups_of(replica, host)) for host in HOSTS}
    due = (("east-backup", "diff"), ("east-backup", "incr"), ("west-backup", "incr"))
    with ThreadPoolExecutor(len(due)) as pool:
        jobs = [pool.submit(on, replica, host, f"backup-job {kind}") for host, kind in due]
    assert [job.result().exit_code for job in jobs] == [0, 0, 0]
    made = {host: len(backups_of(replica, host)) - before[host] for host in HOSTS}
    assert made == {"east-backup": 2, "west-backup": 1}
    waited = "another backup is running: trying again"
    (near,), (offsite,) = (select(replica, host) for host in HOSTS)
    assert waited in near.log(since=began)
    assert waited not in offsite.log(since=began)
