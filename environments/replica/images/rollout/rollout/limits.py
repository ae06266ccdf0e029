"""What a change may do to customers before it is taken back; from a policy's TOML table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class LimitsError(Exception):
    """A table is none of limits; the message names the key, and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Shares are from 0 to 1, ``significance`` the chance of taking a good change for bad.

    It is that of one comparison. Whoever compares twice a second errs more often, so it is
    small; where nothing fails it never errs, for then there is nothing to compare.
    """

    errors: float = 0.01  # of the requests, and rejected ones beyond what others reject
    above_baseline: float = 0.05  # of the baseline's share: 0.05 is one twentieth more
    slow: float = 0.05  # of the requests: with more of them the P95 is not fast
    memory_times: float = 2.0  # what the others use
    silent_seconds: float = 3.0  # for which an instance may not answer
    significance: float = 0.01


_HIGHEST = {
    "errors": 1.0,
    "above_baseline": 1e6,
    "slow": 1.0,
    "memory_times": 1e6,
    "silent_seconds": 3600.0,
    "significance": 0.1,
}


def read_limits(table: Mapping[str, object]) -> Limits:
    """Read limits; what is not given is as it is by default.

    Raises:
        LimitsError: a key is unknown, or its value no number that makes sense.
    """
    known = [field.name for field in fields(Limits)]
    values: dict[str, float] = {}
    for key, value in table.items():
        if key not in known:
            raise LimitsError(f"{key} is no limit: write one of {', '.join(known)}")
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (is_number and 0 <= value <= _HIGHEST[key]):  # type: ignore[operator] # a number
            raise LimitsError(f"{key} is {value!r}: write a number from 0 to {_HIGHEST[key]:g}")
        values[key] = float(value)  # type: ignore[arg-type] # as above
    return Limits(**values)
