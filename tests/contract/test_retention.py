"""We believe that after a month every moment of the last 30 days comes back, and none before.

A month and some days of full backups, each a day after the last, with incremental ones among
them, are made by the replica's own images as their cron makes them; only the time between
them is skipped. pgBackRest keeps the newest full backup that is older than the window, since
the window's first moments are restored from it: what it has is older than 30 days by less
than the time between two full backups
(https://pgbackrest.org/configuration.html#section-repository/option-repo-retention-full-type).
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from environments.replica.topology import Schedule
from tests.contract.backup_host import LONG, Backed, backed_up, next_month

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = [pytest.mark.dr, pytest.mark.restore, pytest.mark.requirement("BKP-2")]

DAY, MINUTE = 86400, 60
WINDOW = 30 * DAY
DAYS = 36
SEGMENTS_OF_A_FILE = 256  # of 16 MB each, as the names of PostgreSQL's log count them
SEED = 4
SAMPLES = 3

RESTORE = """
export PGDATA=/tmp/restored PGPORT=5433
stop() { pg_ctl stop --silent --mode=immediate 2>/dev/null || true; rm -rf "$PGDATA"; }
trap stop EXIT
mkdir -m 0700 "$PGDATA"
pgbackrest --stanza=muster --pg1-path="$PGDATA" --archive-mode=off --type=time \
  --target="$MOMENT" --target-action=promote restore
pg_ctl start --silent --wait --log /tmp/restored.log || { tail /tmp/restored.log; exit 9; }
until [ "$(psql -Atc 'SELECT pg_is_in_recovery()')" = f ]; do sleep 0.1; done
psql -Atc 'SELECT extract(epoch FROM at) FROM moments ORDER BY at'
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the repository had at ``now``: each backup's label, and when it ended."""

    now: int
    ends: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Month:
    backed: Backed
    rows: list[str]
    snapshots: list[Snapshot]

    @property
    def taken(self) -> Mapping[str, int]:
        return {label: end for one in self.snapshots for label, end in one.ends.items()}

    @property
    def now(self) -> int:
        return self.snapshots[-1].now


@pytest.fixture(scope="module")
def month() -> Iterator[Month]:
    start = next_month()
    with backed_up(start, Schedule.HOURLY) as backed:
        said = backed.drive("jobs", *plan(int(start.timestamp())), within=2 * LONG)
        yield Month(
            backed,
            [word for kind, word, *_ in said if kind == "row"],
            [
                Snapshot(int(now), {name: int(end) for name, end in map(_split, labels)})
                for kind, now, *labels in said
                if kind == "has"
            ],
        )


def _split(word: str) -> tuple[str, str]:
    label, _, end = word.partition(":")
    return label, end


def plan(start: int) -> list[str]:
    """Give the jobs; each day's a minute later, so that none is 30 days old to the second."""
    fulls = [(day * DAY + (65 + day) * MINUTE, "full") for day in range(DAYS)]
    others = [(day * DAY + 13 * 60 * MINUTE, "incr") for day in range(5, DAYS, 6)]
    return [f"{start + at}:{kind}" for at, kind in sorted(fulls + others)]


def promised(taken: Mapping[str, int], now: int, window: int = WINDOW) -> set[str]:
    """Give what must be there: all since the newest full backup from before the window."""
    fulls = [end for label, end in taken.items() if label.endswith("F")]
    oldest = max((end for end in fulls if end <= now - window), default=min(fulls))
    return {label for label, end in taken.items() if oldest <= end <= now}


def test_at_no_time_was_more_or_less_kept_than_promised(month: Month) -> None:
    for one in month.snapshots:
        assert set(one.ends) == promised(month.taken, one.now), one.now
    age = month.now - min(month.snapshots[-1].ends.values())
    assert WINDOW <= age < WINDOW + DAY + 5 * MINUTE
    assert len(month.taken) - len(month.snapshots[-1].ends) >= DAYS - WINDOW // DAY - 1


def test_the_log_is_there_from_the_oldest_backup_on_without_a_gap(month: Month) -> None:
    told = month.backed.on_repository("pgbackrest --stanza=muster --output=json info")
    oldest = json.loads(told)[0]["backup"][0]["archive"]["start"]
    listed = month.backed.on_repository(
        "pgbackrest --recurse --filter='/[0-9A-F]{24}-' repo-ls archive/muster"
    )
    segments = sorted(_number(line.split("/")[-1][:24]) for line in listed.splitlines())
    assert segments == list(range(_number(oldest), segments[-1] + 1))


def _number(segment: str) -> int:
    return int(segment[8:16], 16) * SEGMENTS_OF_A_FILE + int(segment[16:], 16)


def moments(month: Month) -> list[int]:
    """Give the window's first moment, its last one before a row, and some between."""
    first, last = month.now - WINDOW, int(float(month.rows[-1])) - 1
    between = random.Random(SEED)  # noqa: S311 # chooses moments, keeps no secret
    return [first, *(between.randrange(first, last) for _ in range(SAMPLES)), last]


def restore_to(month: Month, moment: int) -> list[str]:
    at = datetime.fromtimestamp(moment, UTC)
    return month.backed.on_database(RESTORE, within=LONG, MOMENT=f"{at:%F %T+00}").split()


@pytest.mark.requirement("BKP-3")
def test_moments_of_the_window_come_back_as_they_were(month: Month) -> None:
    for moment in moments(month):
        expected = [row for row in month.rows if float(row) <= moment]
        assert restore_to(month, moment) == expected, moment


def test_what_is_older_does_not_come_back(month: Month) -> None:
    oldest = min(month.snapshots[-1].ends.values())
    with pytest.raises(AssertionError, match="unable to find backup set with stop time less"):
        restore_to(month, oldest - 1)


def test_another_retention_would_be_seen(month: Month) -> None:
    """Under seven days a copy of it loses what was promised; under 40 it would have more."""
    month.backed.on_repository(
        "cp -a /var/lib/pgbackrest /tmp/shorter\n"
        "pgbackrest --stanza=muster --repo=1 --repo1-path=/tmp/shorter "
        "--repo1-retention-full=7 expire"
    )
    kept = month.backed.catalogue("--repo1-path=/tmp/shorter").backups
    left = {backup.label for backup in kept}
    assert left == promised(month.taken, month.now, 7 * DAY)
    assert left < promised(month.taken, month.now)
    assert promised(month.taken, month.now) < promised(month.taken, month.now, 40 * DAY)
