"""What the trail is told by its environment variables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAIL = Path("/var/lib/audit/trail.jsonl")
SERVICE = "orders"  # what the logins of the service begin with
INSTANCES = "INSTANCES"  # the variable: what the names of instances begin with


class SettingsError(Exception):
    """A variable is missing; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    trail: Path = TRAIL
    service: str = SERVICE
    instances: tuple[str, ...]  # what their names begin with: only they may claim sessions
    database_host: str
    login_file: Path  # where the vault keeps what the auditor logs in with

    @property
    def database_password(self) -> str:
        """Give it as it is now.

        Raises:
            OSError: it cannot be read.
        """
        try:
            return str(json.loads(self.login_file.read_text())["password"])
        except (ValueError, KeyError, TypeError) as error:
            raise OSError(f"{self.login_file} has no password") from error


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read every setting.

    Raises:
        SettingsError: the first variable that is missing.
    """
    return Settings(
        instances=read_instances(environ),
        database_host=_text(environ, "DATABASE_HOST"),
        login_file=Path(_text(environ, "DATABASE_LOGIN_FILE")),
    )


def read_instances(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read what the names of instances begin with.

    Raises:
        SettingsError: it is not said.
    """
    return tuple(_text(environ, INSTANCES).split(","))


def _text(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: give it a value")
    return value
