"""We believe that a wrong setting stops the program with one sentence that names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from environments.replica.images.backup.backups.schedule import Schedule
from environments.replica.images.backup.backups.settings import SettingsError, read_settings

IMAGE = Path(__file__).parents[3] / "environments/replica/images/backup"
GOOD = {
    "REPOSITORY": "2",
    "STANZA": "muster",
    "SCHEDULE": "six-hourly",
    "MONITOR_PASSWORD": "hush",
    "DATABASE_ROUTER": "router",
}


def test_good_settings_are_read() -> None:
    settings = read_settings(GOOD)
    assert settings.schedule is Schedule.SIX_HOURLY
    assert str(settings.target.state) == "/var/lib/muster/backups"
    assert str(settings.configuration) == "/etc/pgbackrest/pgbackrest.conf"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize("name", GOOD)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        read_settings({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(("name", "value"), [("REPOSITORY", "0"), ("SCHEDULE", "daily")])
def test_what_makes_no_sense_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}' is none of"):
        read_settings(GOOD | {name: value})


def test_the_exporter_ends_with_that_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "backups.exporter"],
        cwd=IMAGE,
        env={**os.environ, **GOOD, "SCHEDULE": "never"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "the exporter cannot start: SCHEDULE='never' is none of hourly, six-hourly, weekly\n"
    )
