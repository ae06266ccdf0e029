"""How a release gets to customers: read from TOML, and checked wholly before it is used."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollout.limits import Limits, LimitsError, read_limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION_LENGTH = 12
_HOUR = 3600.0
_NUMBERS = {
    "requests": (1, 1_000_000),
    "ready_seconds": (1, _HOUR),
    "drain_seconds": (0, _HOUR),
    "window_seconds": (1, _HOUR),
    "watch_seconds": (0, 24 * _HOUR),
}
_SWITCHES = ("automatic_rollback", "trials")
_OF_A_STAGE = {"share": (0.001, 1.0), "instances": (1, 100), "seconds": (0, 24 * _HOUR)}
_KEYS = {"name", "stages", "limits", *_NUMBERS, *_SWITCHES}


class PolicyError(Exception):
    """A policy cannot be used; the message is one sentence with file, key and remedy."""


@dataclass(frozen=True, slots=True)
class Stage:
    """So many instances have the release, and this share of customers meets it."""

    share: float
    instances: int
    seconds: float  # after which it may count as good


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    name: str
    version: str
    automatic_rollback: bool  # False: what is wrong is said, and people decide
    trials: bool
    stages: Sequence[Stage]  # the last share is 1 at the most; all customers come after it
    requests: int  # the fewest in a stage that say something
    ready_seconds: float  # for which an instance may start
    drain_seconds: float  # for which it may end what it works on
    window_seconds: float
    watch_seconds: float  # with all customers, until it is stable
    limits: Limits


def read_policy(content: bytes, *, file: str, places: int) -> Policy:
    """Read a policy for so many places of the next release.

    Raises:
        PolicyError: it cannot be used; ``file`` is what the sentence calls it.
    """
    try:
        table = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(
            f"{file} is no TOML: {error}; compare it with standard.toml"
        ) from error
    try:
        return _policy(table, content, places)
    except (_ValueError, LimitsError) as error:
        raise PolicyError(f"{file}: {error}") from error


class _ValueError(Exception):
    """A key or its value is not as it must be."""


def _policy(table: Mapping[str, Any], content: bytes, places: int) -> Policy:
    _only(table, _KEYS)
    name = table.get("name")
    if not (isinstance(name, str) and name):
        raise _ValueError(f"name is {name!r}: write one such as 'standard'")
    for switch in _SWITCHES:
        if not isinstance(table.get(switch), bool):
            raise _ValueError(f"{switch} is {table.get(switch)!r}: write true or false")
    numbers = _numbers(table, _NUMBERS)
    limits = table.get("limits", {})
    if not isinstance(limits, dict):
        raise _ValueError("limits is no table: write [limits]")
    return Policy(
        name=name,
        version=hashlib.sha256(content).hexdigest()[:VERSION_LENGTH],
        automatic_rollback=table["automatic_rollback"],
        trials=table["trials"],
        stages=_stages(table, places),
        limits=read_limits(limits),
        **numbers,
    )


def _stages(table: Mapping[str, Any], places: int) -> Sequence[Stage]:
    given = table.get("stages")
    if not (isinstance(given, list) and given and all(isinstance(one, dict) for one in given)):
        raise _ValueError("stages is no list of tables: write [[stages]]")
    stages = []
    for one in given:
        _only(one, set(_OF_A_STAGE))
        stages.append(Stage(**_numbers(one, _OF_A_STAGE)))
    for key in ("share", "instances"):
        values = [getattr(stage, key) for stage in stages]
        if values != sorted(values):
            raise _ValueError(f"{key} of a stage is less than the one before: let it grow")
    if stages[-1].instances > places:
        raise _ValueError(
            f"instances is {stages[-1].instances}, and there are {places} places: write no more"
        )
    return tuple(stages)


def _numbers(table: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]) -> Any:  # noqa: ANN401 - keyword arguments
    for key, (lowest, highest) in ranges.items():
        value = table.get(key)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (is_number and lowest <= value <= highest):  # type: ignore[operator] # a number
            raise _ValueError(
                f"{key} is {value!r}: write a number from {lowest:g} to {highest:g}"
            )
        if key in {"requests", "instances"} and not isinstance(value, int):
            raise _ValueError(f"{key} is {value!r}: write a whole number")
    return {key: table[key] for key in ranges}


def _only(table: Mapping[str, object], known: set[str]) -> None:
    for key in table:
        if key not in known:
            raise _ValueError(f"{key} is no key here: write one of {', '.join(sorted(known))}")
