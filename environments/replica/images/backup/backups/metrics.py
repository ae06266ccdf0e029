"""What is known, for Prometheus. A figure that is not known is absent, never zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from .catalogue import KINDS, Backup, Catalogue
from .runs import Run
from .unknown import Unknown

if TYPE_CHECKING:
    from .archiver import Archiver
    from .survey import View

# A full backup is as good as an incremental one: it makes its age start again too.
_AS_GOOD_AS = {"full": KINDS[:1], "diff": KINDS[:2], "incr": KINDS}


def render(view: View) -> bytes:
    registry = CollectorRegistry()
    _gauge(
        registry,
        "pgbackrest_repository_findings",
        "How many things are wrong; /health says which",
        len(view.findings),
    )
    if isinstance(view.catalogue, Catalogue):
        _show_counts(registry, view.catalogue)
        _show_ages(registry, view.catalogue, view.now)
        if view.catalogue.newest is not None:
            _show_newest(registry, view.catalogue.newest)
    if not isinstance(view.archiver, Unknown):
        _show_archiver(registry, view.archiver)
    _show_run(
        registry,
        "pgbackrest_backup_last_run_failed",
        "1 when the last backup failed",
        view.runs.backup,
    )
    _show_run(
        registry,
        "pgbackrest_verify_last_failed",
        "1 when the last verification failed or found damage",
        view.runs.verify,
    )
    return generate_latest(registry)


def _gauge(registry: CollectorRegistry, name: str, words: str, value: float) -> None:
    Gauge(name, words, registry=registry).set(value)


def _show_counts(registry: CollectorRegistry, catalogue: Catalogue) -> None:
    count = Gauge(
        "pgbackrest_backup_count",
        "Backups in the repository",
        ["backup_type"],
        registry=registry,
    )
    for kind in KINDS:
        count.labels(kind).set(len(catalogue.of_kind(kind)))


def _show_ages(registry: CollectorRegistry, catalogue: Catalogue, now: float) -> None:
    age = Gauge(
        "pgbackrest_backup_since_last_completion_seconds",
        "Age of the newest backup of this type, or of one that holds more",
        ["backup_type"],
        registry=registry,
    )
    for kind, kinds in _AS_GOOD_AS.items():
        for newest in catalogue.of_kind(*kinds)[-1:]:
            age.labels(kind).set(now - newest.stopped)


def _show_newest(registry: CollectorRegistry, newest: Backup) -> None:
    for name, words, value in (
        (
            "pgbackrest_backup_last_size_bytes",
            "Size of the database in the newest backup",
            newest.database_bytes,
        ),
        (
            "pgbackrest_backup_last_repository_size_bytes",
            "What the newest backup added to the repository",
            newest.repository_bytes,
        ),
        (
            "pgbackrest_backup_last_duration_seconds",
            "How long the newest backup took",
            newest.stopped - newest.started,
        ),
    ):
        _gauge(registry, name, words, value)


def _show_archiver(registry: CollectorRegistry, archiver: Archiver) -> None:
    _gauge(
        registry,
        "pgbackrest_wal_archive_waiting_segments",
        "Segments of WAL that wait to be archived",
        archiver.waiting,
    )
    if archiver.seconds_since_archived is not None:
        _gauge(
            registry,
            "pgbackrest_wal_archive_seconds_since_last",
            "Time since the primary last archived a segment of WAL",
            archiver.seconds_since_archived,
        )


def _show_run(
    registry: CollectorRegistry, name: str, words: str, run: Run | Unknown | None
) -> None:
    if isinstance(run, Run):
        _gauge(registry, name, words, run.failed)
