"""What the service is told by its environment variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsError(Exception):
    """A variable is missing or makes no sense; the message names it and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    key: str = field(repr=False)  # the secret that tokens are signed with; "": it is in a file
    key_file: Path | None  # where the secret is, and changes
    edge: str  # the node that says where a customer comes from; "": nobody is believed
    token_seconds: float
    state_file: Path
    trail_url: str  # where it is written down who did what; "": nowhere
    lockout: bool  # False is a mistake that drills must find out


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting.

    Raises:
        SettingsError: the first variable that is missing or invalid.
    """
    key, key_file = environ.get("TOKEN_KEY", ""), environ.get("TOKEN_KEY_FILE", "")
    if not key and not key_file:
        raise SettingsError("neither TOKEN_KEY nor TOKEN_KEY_FILE is set: give one a value")
    seconds = environ.get("TOKEN_SECONDS", "300")
    if not (seconds.isascii() and seconds.isdigit() and int(seconds) > 0):
        raise SettingsError(f"TOKEN_SECONDS={seconds!r} is not a whole number above 0")
    lockout = environ.get("LOCKOUT", "on")
    if lockout not in {"on", "off"}:
        raise SettingsError(f"LOCKOUT={lockout!r} is neither on nor off")
    return Settings(
        key=key,
        key_file=Path(key_file) if key_file else None,
        edge=environ.get("EDGE", ""),
        token_seconds=float(seconds),
        state_file=Path(environ.get("STATE_FILE", "/var/lib/auth/state.json")),
        trail_url=environ.get("TRAIL_URL", ""),
        lockout=lockout == "on",
    )
