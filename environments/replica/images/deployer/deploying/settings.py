"""What the deployer is told by its environment variables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICIES = Path("/etc/deployer/policies")
STATE = Path("/var/lib/deployer")


class SettingsError(Exception):
    """A variable is missing or makes no sense; the message names it and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    blue: tuple[str, ...]  # places of the release that all began with
    green: tuple[str, ...]  # places of the next one, which may be idle
    taken_back: tuple[str, ...]  # those of the latter that a rollback takes customers from
    edge: str
    policy: Path


def read_settings(environ: Mapping[str, str], policies: Path = POLICIES) -> Settings:
    """Read and check every setting.

    Raises:
        SettingsError: the first variable that is missing or invalid.
    """
    green = _places(environ, "GREEN")
    taken_back = _places(environ, "TAKEN_BACK") if environ.get("TAKEN_BACK") else green
    if strangers := [place for place in taken_back if place not in green]:
        raise SettingsError(f"TAKEN_BACK has {', '.join(strangers)}: name places of GREEN")
    return Settings(
        blue=_places(environ, "BLUE"),
        green=green,
        taken_back=taken_back,
        edge=_text(environ, "EDGE"),
        policy=policies / f"{_text(environ, 'POLICY')}.toml",
    )


def _places(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(_text(environ, name).split(","))


def _text(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: give it a value")
    return value
