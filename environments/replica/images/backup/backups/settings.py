"""What the program is told by its environment variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_STATE = "/var/lib/muster/backups"
_CONFIGURATION = "/etc/pgbackrest/pgbackrest.conf"


class SettingsError(Exception):
    """A variable is missing or makes no sense; the message names it and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The one repository of this host; ``state`` is the folder where jobs leave records."""

    repository: str
    stanza: str
    state: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    target: Target
    schedule: Schedule
    database_router: str
    monitor_password: str = field(repr=False)
    configuration: Path


def read_target(environ: Mapping[str, str]) -> Target:
    """Read and check what a job needs.

    Raises:
        SettingsError: the first variable that is missing or invalid.
    """
    return Target(
        repository=_one_of(environ, "REPOSITORY", ("1", "2")),
        stanza=_text(environ, "STANZA"),
        state=Path(environ.get("STATE_FOLDER", _STATE)),
    )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check what the exporter needs.

    Raises:
        SettingsError: the first variable that is missing or invalid.
    """
    return Settings(
        target=read_target(environ),
        schedule=Schedule(_one_of(environ, "SCHEDULE", tuple(Schedule))),
        database_router=_text(environ, "DATABASE_ROUTER"),
        monitor_password=_text(environ, "MONITOR_PASSWORD"),
        configuration=Path(environ.get("PGBACKREST_CONFIG", _CONFIGURATION)),
    )


def _text(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: give it a value")
    return value


def _one_of(environ: Mapping[str, str], name: str, allowed: Collection[str]) -> str:
    text = _text(environ, name)
    if text not in allowed:
        raise SettingsError(f"{name}={text!r} is none of {', '.join(allowed)}")
    return text
