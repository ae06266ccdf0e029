"""We believe that the versioned schedules make the backups that we promise, at any time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from environments.replica.images.backup.backups.runs import Kind
from environments.replica.images.backup.backups.schedule import PROMISES, Schedule
from tests.unit.backups.crontab import SCHEDULES, Due, falls_due, parse, read_schedule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONTH = 31 * DAY
COMMAND = "root /usr/local/bin/backup-job"
months = st.dates(date(2024, 1, 1), date(2035, 1, 1)).map(
    lambda day: datetime.combine(day, time(), UTC)
)
any_month = settings(max_examples=10, deadline=None)


def month(schedule: Schedule, start: datetime) -> list[Due]:
    return falls_due(schedule, start, start + MONTH)


def backups(schedule: Schedule, start: datetime) -> list[Due]:
    return [due for due in month(schedule, start) if Kind(due.kind).is_backup]


def days(dues: list[Due], kind: Kind) -> Counter[date]:
    return Counter(due.at.date() for due in dues if due.kind == kind)


def every_day(start: datetime) -> Counter[date]:
    return Counter((start + n * DAY).date() for n in range(MONTH // DAY))


def test_there_is_a_file_for_each_schedule_and_no_other() -> None:
    assert {path.stem for path in SCHEDULES.iterdir()} == {name.value for name in Schedule}


@pytest.mark.parametrize("schedule", Schedule)
def test_every_job_is_one_that_the_program_knows(schedule: Schedule) -> None:
    kinds = [Kind(job.kind) for job in read_schedule(schedule)]
    assert Kind.FULL in kinds
    assert Kind.VERIFY in kinds
    assert len(kinds) == len(set(kinds))


@any_month
@given(months)
def test_hourly_makes_one_backup_in_every_hour_and_one_full_in_every_day(
    start: datetime,
) -> None:
    made = backups(Schedule.HOURLY, start)
    assert [due.at.replace(minute=0) for due in made] == [
        start + n * HOUR for n in range(MONTH // HOUR)
    ]
    assert days(made, Kind.FULL) == every_day(start)
    assert Counter(due.kind for due in made) == {"full": 31, "diff": 31, "incr": 31 * 22}


@any_month
@given(months)
def test_six_hourly_makes_a_backup_every_six_hours_of_which_one_a_day_is_full(
    start: datetime,
) -> None:
    made = backups(Schedule.SIX_HOURLY, start)
    assert len(made) == 31 * 4
    assert {later.at - one.at for one, later in pairwise(made)} == {6 * HOUR}
    assert days(made, Kind.FULL) == every_day(start)
    assert {due.kind for due in made} == {"full", "incr"}


@any_month
@given(months)
def test_weekly_makes_a_full_copy_every_seven_days(start: datetime) -> None:
    made = backups(Schedule.WEEKLY, start)
    assert len(made) in {4, 5}
    assert {later.at - one.at for one, later in pairwise(made)} == {7 * DAY}
    assert {due.kind for due in made} == {"full"}


@pytest.mark.parametrize("schedule", Schedule)
@any_month
@given(start=months)
def test_no_promise_is_broken_by_the_schedule_itself(
    schedule: Schedule, start: datetime
) -> None:
    """What the exporter calls late is later than what the schedule ever leaves between two."""
    made, promise = backups(schedule, start), PROMISES[schedule]
    fulls = [due for due in made if due.kind == Kind.FULL]
    for dues, seconds in (
        (made, promise.backup_every_seconds),
        (fulls, promise.full_every_seconds),
    ):
        gaps = [later.at - one.at for one, later in pairwise(dues)]
        assert max(gaps) == timedelta(seconds=seconds)


@pytest.mark.parametrize("schedule", Schedule)
@any_month
@given(start=months)
def test_no_two_jobs_of_a_host_begin_in_the_same_minute(
    schedule: Schedule, start: datetime
) -> None:
    minutes = Counter(due.at for due in month(schedule, start))
    assert [at for at, count in minutes.items() if count > 1] == []


@pytest.mark.parametrize("schedule", [Schedule.HOURLY, Schedule.SIX_HOURLY])
@any_month
@given(start=months)
def test_the_near_repository_is_checked_all_the_time_and_verified_every_day(
    schedule: Schedule, start: datetime
) -> None:
    due = month(schedule, start)
    checks = [one.at for one in due if one.kind == Kind.CHECK]
    assert checks == [start + n * HOUR / 4 for n in range(MONTH // (HOUR / 4))]
    assert days(due, Kind.VERIFY) == every_day(start)


@any_month
@given(months)
def test_the_offsite_copy_is_verified_on_the_day_that_it_was_made(start: datetime) -> None:
    due = month(Schedule.WEEKLY, start)
    assert days(due, Kind.VERIFY) == days(due, Kind.FULL)
    assert {one.at.time() for one in due if one.kind == Kind.VERIFY} == {time(5, 50)}
    assert {one.at.time() for one in due if one.kind == Kind.FULL} == {time(4, 20)}


def test_the_reader_knows_days_lists_ranges_and_steps() -> None:
    job = parse(f"*/20 0,2-4 * * 0 {COMMAND} incr")
    sunday = date(2026, 2, 1)
    assert [due.at for due in sorted(job.on(sunday))] == [
        datetime(2026, 2, 1, hour, minute, tzinfo=UTC)
        for hour in (0, 2, 3, 4)
        for minute in (0, 20, 40)
    ]
    assert list(job.on(sunday + DAY)) == []


@pytest.mark.parametrize(
    "line",
    [
        f"5 1 * * 7 {COMMAND} full",
        f"5 1 * * sun {COMMAND} full",
        f"5 24 * * * {COMMAND} full",
        f"60 1 * * * {COMMAND} full",
        f"5 4-2 * * * {COMMAND} full",
        f"5 2-4/2 * * * {COMMAND} full",
        f"5 1, * * * {COMMAND} full",
        f"5 1 1 * * {COMMAND} full",
        f"5 1 * 2 * {COMMAND} full",
        f"5 1 * * {COMMAND} full",
        f"5 1 * * * {COMMAND} full > /dev/null",
        # Not in cron's own PATH: such a job never ran.
        "5 1 * * * root backup-job full",
        "5 1 * * * pgbackrest /usr/local/bin/backup-job full",
        "PATH=/usr/local/bin",
        "",
    ],
)
def test_the_reader_refuses_what_it_does_not_understand(line: str) -> None:
    with pytest.raises(ValueError, match=r"is no |is not within|no schedule"):
        parse(line)
