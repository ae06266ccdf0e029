"""What is wrong with the backups, in sentences. Pure: whoever calls brings what is known."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from .schedule import PROMISES, Promise, Schedule
from .unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .archiver import Archiver
    from .catalogue import Backup, Catalogue
    from .runs import Run, Runs

WAITING_SEGMENTS = 4  # more than so many means that archiving does not keep up
_FULLS_FOR_A_TREND = 3
_TREND_FACTOR = 2


def findings(
    catalogue: Catalogue | Unknown,
    runs: Runs,
    archiver: Archiver | Unknown,
    schedule: Schedule,
    now: float,
) -> tuple[str, ...]:
    """Say all that is wrong at ``now`` (seconds since 1970); empty when all is well."""
    return (
        *_of_repository(catalogue, PROMISES[schedule], now),
        *_of_backup_run(runs.backup),
        *_of_verify(runs.verify),
        *_of_check(runs.check),
        *_of_archive(archiver),
    )


def _of_repository(
    catalogue: Catalogue | Unknown, promise: Promise, now: float
) -> Iterator[str]:
    if isinstance(catalogue, Unknown):
        yield f"the repository could not be read: {catalogue.why}"
        return
    if catalogue.trouble is not None:
        yield f"pgBackRest says of the repository: {catalogue.trouble}"
    yield from _of_ages(catalogue, promise, now)
    yield from _of_pages(catalogue.backups)
    yield from _of_trend([backup.database_bytes for backup in catalogue.of_kind("full")])


def _of_ages(catalogue: Catalogue, promise: Promise, now: float) -> Iterator[str]:
    fulls = catalogue.of_kind("full")
    if not fulls:
        yield "there is no full backup yet: nothing can be restored until one is made"
    for what, newest, every in (
        ("full backup", fulls[-1] if fulls else None, promise.full_every_seconds),
        ("backup", catalogue.newest, promise.backup_every_seconds),
    ):
        if newest is not None and now - newest.stopped > every + promise.slack_seconds:
            age = describe_seconds(now - newest.stopped)
            yield (
                f"the newest {what}, {newest.label}, is {age} old, and there should be one "
                f"every {describe_seconds(every)}: see why none was made since"
            )


def _of_pages(backups: Sequence[Backup]) -> Iterator[str]:
    damaged = [backup.label for backup in backups if backup.has_errors]
    if damaged:
        yield (
            f"invalid pages of the database were copied into {_some(damaged)}: restore from "
            "an earlier backup, and mend the database"
        )


def _of_trend(sizes: Sequence[int]) -> Iterator[str]:
    *earlier, newest = sizes or (0,)
    if len(earlier) < _FULLS_FOR_A_TREND:
        return
    usual = median(earlier)
    if newest * _TREND_FACTOR < usual or newest > usual * _TREND_FACTOR:
        yield (
            f"the newest full backup has {newest} bytes, and {usual:.0f} are usual: see what "
            "was removed from the database, or added to it"
        )


def _of_backup_run(run: Run | Unknown | None) -> Iterator[str]:
    if isinstance(run, Unknown):
        yield f"how the last backup went is not known: {run.why}"
    elif run is not None and run.failed:
        yield f"the last {run.kind} backup failed: {run.complaint}"


def _of_verify(run: Run | Unknown | None) -> Iterator[str]:
    if isinstance(run, Unknown):
        yield f"how the last verification went is not known: {run.why}"
    elif run is not None and run.exit_code != 0:
        yield f"the last verification failed: {run.complaint}"
    elif run is not None and run.trouble:
        yield f"the last verification found damage: {_some(run.trouble)}"


def _of_check(run: Run | Unknown | None) -> Iterator[str]:
    if isinstance(run, Unknown):
        yield f"how the last check went is not known: {run.why}"
    elif run is not None and run.failed:
        yield f"the last check of archiving failed: {run.complaint}"


def _of_archive(archiver: Archiver | Unknown) -> Iterator[str]:
    if isinstance(archiver, Unknown):
        yield f"the primary could not be asked how archiving goes: {archiver.why}"
        return
    if archiver.failed_after_success:
        yield "the primary's last attempt to archive WAL failed: see its log"
    if archiver.waiting > WAITING_SEGMENTS:
        yield (
            f"{archiver.waiting} segments of WAL wait to be archived: see whether both "
            "repositories take them before the primary's disk is full"
        )


def _some(things: Sequence[str]) -> str:
    """Name the last, and how many more there are: a list of all would not be read."""
    more = f" and {len(things) - 1} more" if len(things) > 1 else ""
    return f"{things[-1]}{more}"


def describe_seconds(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
