"""What the configurator is told by its environment variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path("/etc/configurator")  # of configurations and policies that the image brings
STATE = Path("/var/lib/configurator")
_SEED = re.compile("[0-9a-f]{64}")


class SettingsError(Exception):
    """A variable is missing or makes no sense; the message names it and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    instances: tuple[str, ...]  # the first one gets what is new before the others
    signing_key: str = field(repr=False)
    configuration: str  # the name of the one that is in force to begin with
    policy: str  # the name of the one that later ones get to customers by
    trials: bool  # off where nobody may order who is no customer
    audit: str  # whom to tell what people and the configurator did; "": nobody


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting.

    Raises:
        SettingsError: the first variable that is missing or invalid.
    """
    instances = tuple(filter(None, environ.get("INSTANCES", "").split(",")))
    if len(instances) < 2:  # noqa: PLR2004 - there must be others than the first one
        raise SettingsError("INSTANCES has fewer than two names: write a,b,c")
    return Settings(
        instances=instances,
        signing_key=_signing_key(environ),
        configuration=environ.get("CONFIGURATION", "standard"),
        policy=environ.get("POLICY", "standard"),
        trials=environ.get("TRIALS", "on") == "on",
        audit=environ.get("AUDIT", "").rstrip("/"),
    )


def _signing_key(environ: Mapping[str, str]) -> str:
    """Read the key from its file: it is in no variable, which others could see."""
    name = environ.get("SIGNING_KEY_FILE", "")
    try:
        key = Path(name).read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"SIGNING_KEY_FILE={name!r} cannot be read ({error.strerror}): name a file"
        ) from error
    if not _SEED.fullmatch(key):
        raise SettingsError(f"SIGNING_KEY_FILE={name!r} does not hold 32 bytes in hexadecimal")
    return key
