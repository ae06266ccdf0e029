"""What the scaler is told by its environment variables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICIES = Path("/etc/scaler/policies")
STATE = Path("/var/lib/scaler")


class SettingsError(Exception):
    """A variable is missing or makes no sense; the message names it and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    places: tuple[str, ...]  # hosts that an instance can run on; the first ones are kept
    edge: str
    prometheus: str
    policy: str  # the name of the one in force until people put another one there
    instance_cpus: float
    instance_memory_bytes: float
    checks_new_instances: bool


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting.

    Raises:
        SettingsError: the first variable that is missing or invalid.
    """
    return Settings(
        places=tuple(_text(environ, "PLACES").split(",")),
        edge=_text(environ, "EDGE"),
        prometheus=_text(environ, "PROMETHEUS"),
        policy=_text(environ, "POLICY"),
        instance_cpus=_number(environ, "INSTANCE_CPUS"),
        instance_memory_bytes=_number(environ, "INSTANCE_MEMORY_MEGABYTES") * 2**20,
        checks_new_instances=_switch(environ, "CHECKS_NEW_INSTANCES"),
    )


def _text(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: give it a value")
    return value


def _number(environ: Mapping[str, str], name: str) -> float:
    text = _text(environ, name)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise SettingsError(f"{name}={text!r} is not a number above 0")
    return value


def _switch(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "on")
    if text not in {"on", "off"}:
        raise SettingsError(f"{name}={text!r} is neither on nor off")
    return text == "on"
