"""How often a repository host promises to make backups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


class Schedule(StrEnum):
    HOURLY = "hourly"
    SIX_HOURLY = "six-hourly"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """``slack_seconds`` is what a backup may take before being late is worth a word."""

    words: str
    backup_every_seconds: float
    full_every_seconds: float
    slack_seconds: float


PROMISES = {
    Schedule.HOURLY: Promise(
        words="a full backup every day, an incremental one every hour",
        backup_every_seconds=_HOUR,
        full_every_seconds=_DAY,
        slack_seconds=15 * _MINUTE,
    ),
    Schedule.SIX_HOURLY: Promise(
        words="a full backup every day, an incremental one every six hours",
        backup_every_seconds=6 * _HOUR,
        full_every_seconds=_DAY,
        slack_seconds=15 * _MINUTE,
    ),
    Schedule.WEEKLY: Promise(
        words="a full backup every week",
        backup_every_seconds=7 * _DAY,
        full_every_seconds=7 * _DAY,
        slack_seconds=6 * _HOUR,
    ),
}
