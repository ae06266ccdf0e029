"""How long backups are kept, as pgBackRest's configuration says it.

(pgbackrest.org/configuration.html#section-repository)
"""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

from .unknown import UnknownError

if TYPE_CHECKING:
    from pathlib import Path


def read_retention(configuration: Path, repository: str) -> str:
    """Say it in words.

    Raises:
        UnknownError: the configuration cannot be read.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(configuration.read_text("utf-8"))
    except (OSError, ValueError, configparser.Error) as error:
        raise UnknownError(f"{configuration} cannot be read: {error}") from error
    option = f"repo{repository}-retention-full"
    kept = parser.get("global", option, fallback="")
    if not kept:
        return f"for ever ({option} is not set)"
    if parser.get("global", f"{option}-type", fallback="count") == "time":
        return f"{kept} days"
    return f"the last {kept} full backups, and what depends on them"
