"""We believe that cron starts on a repository host exactly what its versioned schedule says.

The image's own cron reads the image's own file, and starts the image's own jobs, in a time
that skips to the next minute whenever nothing runs. For some hours, a full backup and its
verification among them, all of it is real: pgBackRest copies a real database. For the rest of
the day (of the week, where the schedule is weekly) a stand-in takes pgBackRest's place, and
only its place: it notes what it is asked for and succeeds. A real one would take many minutes
to check the archive every quarter of an hour.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from environments.replica.images.backup.backups.job import commands
from environments.replica.images.backup.backups.runs import Kind
from environments.replica.images.backup.backups.settings import Target
from environments.replica.topology import SCOPE, Schedule
from tests.contract.backup_host import Backed, backed_up, next_month
from tests.unit.backups.crontab import Due, falls_due

# Who signs wants to see it, so it runs with the drills.
pytestmark = [pytest.mark.dr, pytest.mark.requirement("BKP-1")]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STARTING = 5 * MINUTE  # what the host may need for its first full backup, before we look

# Two users run it, and /tmp lets nobody write into another's file.
STAND_IN = """
install --mode=0666 /dev/null /run/asked
cat > /usr/local/bin/pgbackrest <<'SH'
#!/bin/sh
echo "$*" >> /run/asked
SH
chmod +x /usr/local/bin/pgbackrest
"""


@dataclass(frozen=True, slots=True)
class Case:
    """``name`` is that of the file; ``first`` to ``last`` it is real, then until ``end``."""

    name: str
    near: Schedule | None
    first: timedelta
    real: timedelta
    end: timedelta

    def beginning(self) -> datetime:
        """Give a time of the first Sunday of next month."""
        start = next_month()
        return start + (6 - start.weekday()) * DAY + self.first


CASES = [
    Case("hourly", Schedule.HOURLY, 0 * HOUR, 4 * HOUR, DAY),
    Case("six-hourly", Schedule.SIX_HOURLY, HOUR, 3 * HOUR, DAY),
    Case("weekly", None, 4 * HOUR, 2 * HOUR, 8 * DAY),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cron_starts_what_the_schedule_says_at_the_minute_that_it_says(case: Case) -> None:
    first = case.beginning()
    real, end = first + case.real, first + case.end
    with backed_up(first - STARTING, case.near) as backed:
        assert started(backed, first, real) == falls_due(case.name, first, real)
        must_have_succeeded(backed, falls_due(case.name, first, real))
        backed.on_repository(STAND_IN)
        assert started(backed, real, end) == (later := falls_due(case.name, real, end))
        asked = backed.on_repository("cat /run/asked").splitlines()
        target = Target(repository=str(backed.number), stanza=SCOPE, state=Path())
        assert asked == [
            " ".join(words[words.index("pgbackrest") + 1 :])
            for due in later
            for words in commands(Kind(due.kind), target)
        ]


def started(backed: Backed, first: datetime, until: datetime) -> list[Due]:
    """Let time pass until then; give what cron started from ``first`` on."""
    said = backed.drive("cron", str(int(until.timestamp())))
    every = (Due(datetime.fromtimestamp(int(at), UTC), kind) for at, kind in said)
    return sorted(due for due in every if due.at >= first)


def must_have_succeeded(backed: Backed, due: list[Due]) -> None:
    """Each backup is in the repository, of that minute; no job's last run failed."""
    backups = [one for one in due if Kind(one.kind).is_backup]
    made = backed.catalogue().backups[1:]  # the first is from before
    assert [one.kind for one in made] == [one.kind for one in backups]
    for backup, one in zip(made, backups, strict=True):
        assert 0 <= backup.started - one.at.timestamp() < MINUTE.total_seconds()
    for record in {Kind(one.kind).record for one in due}:
        run = json.loads(backed.on_repository(f"cat /var/lib/muster/backups/{record}"))
        assert (run["exit_code"], run["trouble"]) == (0, []), record
