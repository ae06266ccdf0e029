"""How a configuration gets to customers: read from TOML, and checked before it is used."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollout.limits import Limits, LimitsError, read_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAY = 86_400.0
_NUMBERS = {
    "taken_seconds": (0.5, _DAY),
    "canary_seconds": (0, _DAY),
    "watch_seconds": (0, _DAY),
    "requests": (1, 1e6),
}
_SWITCHES = ("automatic_rollback", "trials")
_KEYS = {"name", "limits", *_NUMBERS, *_SWITCHES}


class PolicyError(Exception):
    """A policy cannot be used; the message is one sentence with file, key and remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    name: str
    automatic_rollback: bool  # False: what is wrong is said, and people decide
    trials: bool  # orders that nobody wants are made, and read back
    taken_seconds: float  # by when instances must have it in force
    canary_seconds: float  # for which one instance alone has it
    watch_seconds: float  # with all of them, until it is stable
    requests: float  # the fewest in a stage that say something
    limits: Limits


def read_policy(content: bytes, *, file: str) -> Policy:
    """Read a policy.

    Raises:
        PolicyError: it cannot be used; ``file`` is what the sentence calls it.
    """
    try:
        table = tomllib.loads(content.decode())
        limits = read_limits(table.pop("limits", {}))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(
            f"{file} is no TOML: {error}; compare it with standard.toml"
        ) from error
    except (LimitsError, AttributeError) as error:
        raise PolicyError(f"{file}: [limits] {error}") from error
    return Policy(limits=limits, **_checked(table, file))


def _checked(table: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    for key in table:
        if key not in _KEYS:
            known = ", ".join(sorted(_KEYS))
            raise PolicyError(f"{file}: {key} is no key of a policy: write one of {known}")
    if not isinstance(table.get("name"), str):
        raise PolicyError(
            f"{file}: name is {table.get('name')!r}: write one such as 'standard'"
        )
    for key in _SWITCHES:
        if not isinstance(table.get(key), bool):
            raise PolicyError(f"{file}: {key} is {table.get(key)!r}: write true or false")
    for key, (lowest, highest) in _NUMBERS.items():
        value = table.get(key)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (is_number and lowest <= value <= highest):  # type: ignore[operator] # a number
            allowed = f"a number from {lowest:g} to {highest:g}"
            raise PolicyError(f"{file}: {key} is {value!r}: write {allowed}")
    return table
