"""What the trail is told by its environment variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAIL = Path("/var/lib/audit/trail.jsonl")
SERVICE = "orders"  # what the logins of the service begin with


class SettingsError(Exception):
    """A variable is missing; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    trail: Path = TRAIL
    service: str = SERVICE
    instances: tuple[str, ...]  # what their names begin with: only they may claim sessions
    database_host: str
    database_password: str = field(repr=False)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read every setting.

    Raises:
        SettingsError: the first variable that is missing.
    """
    return Settings(
        instances=tuple(_text(environ, "INSTANCES").split(",")),
        database_host=_text(environ, "DATABASE_HOST"),
        database_password=_text(environ, "DATABASE_PASSWORD"),
    )


def _text(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: give it a value")
    return value
