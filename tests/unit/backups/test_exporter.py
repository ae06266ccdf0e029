"""We believe that whoever asks the backup host gets an answer, whatever is broken there.

A real server is asked; pgbackrest and psql are shell scripts.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http.client import HTTPConnection
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from environments.replica.images.backup.backups.exporter import PAGES, Exporter
from environments.replica.images.backup.backups.manifest import window
from environments.replica.images.backup.backups.runs import Kind, write_run
from environments.replica.images.backup.backups.schedule import Schedule
from environments.replica.images.backup.backups.settings import (
    Settings,
    Target,
)
from environments.replica.images.backup.backups.survey import Survey
from environments.replica.images.backup.backups.unknown import Unknown
from fixtures.waiting import wait_until
from tests.unit.backups.parts import DAY, HOUR, NOW, WELL, Programs, backup, catalogue, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "secret"  # noqa: S105 - of a script that plays psql
MONITORED = 'echo "$PGPASSWORD" >"$0.password"; echo "2|f|30.5"'
CONFIGURATION = """
[global]
repo1-retention-full=30
repo1-retention-full-type=time
repo1-cipher-pass=hush%x
[muster]
pg1-path=/data
"""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    kind: str
    text: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found

    def value(self, name: str, **labels: str) -> float | None:
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                if (sample.name, sample.labels) == (name, labels):
                    return sample.value
        return None


class Host:
    """The exporter as it runs on a backup host."""

    def __init__(self, server: Exporter, state: Path) -> None:
        self.address = ("127.0.0.1", server.server_port)
        self.state = state

    def get(self, page: str) -> Answer:
        with closing(HTTPConnection(*self.address, timeout=20)) as connection:
            connection.request("GET", page)
            response = connection.getresponse()
            kind = response.headers["Content-Type"]
            return Answer(response.status, kind, response.read().decode())


@contextmanager
def serving(folder: Path, *, within: float = 5.0) -> Iterator[Host]:
    configuration = folder / "pgbackrest.conf"
    configuration.write_text(CONFIGURATION)
    target = Target(repository="1", stanza="muster", state=folder / "state")
    settings = Settings(
        target=target,
        schedule=Schedule.HOURLY,
        database_router="router",
        monitor_password=PASSWORD,
        configuration=configuration,
    )
    server = Exporter(Survey(settings, within=within), ("127.0.0.1", 0))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Host(server, target.state)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def host(programs: Programs, tmp_path: Path) -> Iterator[Host]:
    """A host where all is well: a full backup five hours old and a fresh one upon it."""
    now = int(time.time())
    full = backup(age=5 * HOUR, size=3 << 20, now=now)
    incr = replace(
        backup(age=60, kind="incr", size=4 << 20, now=now), references=(full.label, "other")
    )
    programs.tell(full, incr)
    programs.write("psql", MONITORED)
    with serving(tmp_path) as host:
        write_run(host.state, run(Kind.INCR))
        yield host


def test_all_is_well(host: Host, programs: Programs) -> None:
    answer = host.get("/health")
    assert (answer.status, answer.kind) == (200, "application/json")
    assert answer.json == {"status": "ok", "findings": [], "backups": 2}
    assert (programs.folder / "psql.password").read_text() == f"{PASSWORD}\n"
    (asked,) = (line for line in programs.calls("psql") if "--host" in line)
    assert "--host=router --port=5432 --username=monitor --dbname=postgres" in asked
    assert PASSWORD not in asked


def test_the_figures(host: Host) -> None:
    write_run(host.state, run(Kind.INCR, exit_code=1))
    figures = host.get("/metrics")
    assert figures.kind.startswith("text/plain")
    assert figures.value("pgbackrest_repository_findings") == 1
    for kind, count in (("full", 1), ("diff", 0), ("incr", 1)):
        assert figures.value("pgbackrest_backup_count", backup_type=kind) == count
    for kind, age in (("full", 5 * HOUR), ("diff", 5 * HOUR), ("incr", 60)):
        name = "pgbackrest_backup_since_last_completion_seconds"
        assert figures.value(name, backup_type=kind) == pytest.approx(age, abs=10)
    for name, value in (
        ("backup_last_size_bytes", 4 << 20),
        ("backup_last_repository_size_bytes", (4 << 20) // 10),
        ("backup_last_duration_seconds", 7),
        ("backup_last_run_failed", 1),
        ("wal_archive_waiting_segments", 2),
        ("wal_archive_seconds_since_last", 30.5),
        ("verify_last_failed", None),
    ):
        assert figures.value(f"pgbackrest_{name}") == value, name


def test_a_verification_that_found_damage_is_in_the_figures(host: Host) -> None:
    write_run(host.state, run(Kind.VERIFY, trouble=("missing: 1",)))
    assert host.get("/metrics").value("pgbackrest_verify_last_failed") == 1


def test_the_manifest_for_people(host: Host) -> None:
    answer = host.get("/manifest")
    assert (answer.status, answer.kind) == (200, "text/markdown; charset=utf-8")
    lines = answer.text.splitlines()
    assert lines[0] == "# Backups of muster, repository 1"
    assert "- **Kept**: 30 days" in lines
    assert "- **Version**: pgBackRest 2.55.1" in lines
    assert "- **Database**: PostgreSQL 17" in lines
    assert "- **Encryption**: aes-256-cbc" in lines
    assert "Nothing is wrong." in lines
    assert "hush" not in answer.text
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    head, full, incr = rows
    assert len(head) == len(full) == len(incr) == 8
    assert (full[1], full[2], full[5]) == ("full", "nothing", "3.0 MiB")
    assert (incr[1], incr[2], incr[4]) == ("incr", f"{full[0]} and 1 more", "7 s")
    assert incr[-2:] == ["409.6 KiB", "none"]


def test_the_manifest_for_programs(host: Host) -> None:
    document = host.get("/manifest.json").json
    assert [entry["kind"] for entry in document["backups"]] == ["full", "incr"]
    assert (document["repository"], document["schedule"]) == (1, "hourly")
    assert (document["retention"], document["postgresql"]) == ("30 days", "17")
    assert document["newest_segment"] == "000000010000000000000009"
    assert document["window"]["begins"] < document["window"]["ends"] < document["at"]
    assert document["findings"] == []


def test_another_page_is_refused_by_naming_those_there_are(host: Host) -> None:
    answer = host.get("/")
    assert answer.status == 404
    assert all(page in answer.text for page in PAGES)
    assert host.get("/health?verbose=1").status == 200


def test_many_askers_share_one_look(host: Host, programs: Programs) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(host.get, ["/health", "/metrics"] * 4))
    assert {answer.status for answer in answers} == {200}
    assert len(programs.calls("pgbackrest")) == 2  # its information, and its version


def test_what_is_shared_is_not_old(host: Host, programs: Programs) -> None:
    assert host.get("/health").status == 200
    programs.tell()
    wait_until(
        "the news to be told",
        lambda: host.get("/health").json["backups"] == 0,
        at_most=timedelta(seconds=10),
    )


BROKEN = {
    "fails": 'echo "ERROR: [055]: cannot open" >&2; exit 55',
    "hangs": "sleep 60",
    "prints nonsense": "echo nonsense",
    "prints nothing": "true",
}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_pgbackrest_does_is_a_finding(
    programs: Programs, tmp_path: Path, name: str
) -> None:
    programs.write("pgbackrest", BROKEN[name])
    programs.write("psql", MONITORED)
    with serving(tmp_path, within=1.0) as host:
        answers = {page: host.get(page) for page in PAGES}
    assert answers["/health"].status == 503
    (finding,) = answers["/health"].json["findings"]
    assert finding.startswith("the repository could not be read: pgbackrest")
    assert answers["/health"].json["backups"] is None
    assert answers["/metrics"].value("pgbackrest_repository_findings") == 1
    assert answers["/metrics"].value("pgbackrest_backup_count", backup_type="full") is None
    assert answers["/manifest"].status == 200
    assert f"- {finding}" in answers["/manifest"].text
    assert answers["/manifest.json"].json["backups"] is None
    assert answers["/manifest.json"].json["window"] is None


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_psql_does_is_a_finding(programs: Programs, tmp_path: Path, name: str) -> None:
    programs.tell(backup(age=60, now=int(time.time())))
    programs.write("psql", BROKEN[name])
    with serving(tmp_path, within=1.0) as host:
        health, figures = host.get("/health"), host.get("/metrics")
    (finding,) = health.json["findings"]
    assert finding.startswith("the primary could not be asked how archiving goes: psql")
    assert figures.value("pgbackrest_wal_archive_waiting_segments") is None
    assert figures.value("pgbackrest_backup_count", backup_type="full") == 1


def test_programs_that_are_missing_are_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with serving(tmp_path) as host:
        assert len(host.get("/health").json["findings"]) == 2
        assert "pgbackrest cannot be started" in host.get("/manifest").text


def test_all_that_hangs_is_waited_for_at_once(programs: Programs, tmp_path: Path) -> None:
    for name in ("pgbackrest", "psql"):
        programs.write(name, "sleep 60")
    with serving(tmp_path, within=1.0) as host:
        began = time.monotonic()
        assert host.get("/health").status == 503
        assert time.monotonic() - began < 2.5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[global]\nrepo1-retention-full=4\n",
            "the last 4 full backups, and what depends on them",
        ),
        ("[global]\nrepo2-retention-full=4\n", "for ever (repo1-retention-full is not set)"),
        ("nonsense", "not known: "),
    ],
)
def test_retention_is_said_as_the_configuration_says_it(
    host: Host, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "pgbackrest.conf").write_text(text)
    assert f"- **Kept**: {words}" in host.get("/manifest").text


def test_the_window_ends_where_the_archive_does() -> None:
    oldest, newest = backup(age=9 * DAY), backup(age=HOUR, kind="incr")
    holdings = catalogue(oldest, backup(age=DAY), newest)
    found = window(holdings, WELL, NOW)
    assert found is not None
    assert (found.begins, found.ends) == (oldest.stopped, NOW - 12.5)
    for archiver in (Unknown("gone"), replace(WELL, seconds_since_archived=None)):
        certain = window(holdings, archiver, NOW)
        assert certain is not None
        assert certain.ends == newest.stopped


def test_without_a_full_backup_there_is_no_window() -> None:
    assert window(catalogue(backup(age=60, kind="incr")), WELL, NOW) is None
    assert window(Unknown("gone"), WELL, NOW) is None


def test_a_full_backup_makes_every_age_start_again(programs: Programs, tmp_path: Path) -> None:
    programs.tell(backup(age=60, now=int(time.time())))
    programs.write("psql", 'echo "0|f|0"')
    with serving(tmp_path) as host:
        figures = host.get("/metrics")
    name = "pgbackrest_backup_since_last_completion_seconds"
    for kind in ("full", "diff", "incr"):
        assert figures.value(name, backup_type=kind) == pytest.approx(60, abs=10)
    assert figures.value("pgbackrest_wal_archive_seconds_since_last") == 0
