"""A policy: versioned configuration, read from TOML and checked wholly before it is used."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .schedule import KEYS as SCHEDULE_KEYS
from .schedule import Peak, ScheduleError, read_peak

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

VERSION_LENGTH = 12
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class PolicyError(Exception):
    """A policy cannot be used; the message is one sentence with file, key and remedy."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may change within a period: the larger of what the two allow."""

    percent: float
    period_seconds: float
    instances: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    name: str
    version: str
    minimum: int
    maximum: int
    cpu: float  # share of an instance's quota
    memory: float  # share of its limit
    requests_per_second: float
    tolerance: float
    sync_seconds: float
    window_seconds: float
    scale_out_stabilisation_seconds: float
    cool_down_seconds: float
    ready_seconds: float
    drains: bool
    drain_seconds: float
    scale_out: Limit
    scale_in: Limit
    peaks: Sequence[Peak] = ()

    def floor(self, now: datetime) -> int:
        """The fewest instances at that moment: a peak's, where one is on and wants more."""
        peaks = (peak.minimum for peak in self.peaks if peak.is_on(now))
        return min(self.maximum, max((self.minimum, *peaks)))


@dataclass(frozen=True, slots=True)
class _Range:
    lowest: float
    highest: float
    whole: bool = False

    def takes(self, value: object) -> bool:
        kinds = (int,) if self.whole else (int, float)
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        return is_number and self.lowest <= value <= self.highest  # type: ignore[operator] # a number

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.lowest:g} to {self.highest:g}"


_HOUR = 3600.0
_NUMBERS = {
    "minimum": _Range(1, 100, whole=True),
    "maximum": _Range(1, 100, whole=True),
    "cpu": _Range(0.05, 1),
    "memory": _Range(0.05, 1),
    "requests_per_second": _Range(0.1, 1e6),
    "tolerance": _Range(0, 0.9),
    "sync_seconds": _Range(0.25, _HOUR),
    "window_seconds": _Range(2, _HOUR),
    "scale_out_stabilisation_seconds": _Range(0, _HOUR),
    "cool_down_seconds": _Range(0, _HOUR),
    "ready_seconds": _Range(1, _HOUR),
    "drain_seconds": _Range(0, _HOUR),
}
_LIMITS = {
    "scale_out": {
        "percent": _Range(0, 1000),
        "instances": _Range(0, 100, whole=True),
        "period_seconds": _Range(1, 1800),
    },
    "scale_in": {"percent": _Range(0, 100), "period_seconds": _Range(1, 1800)},
}
_KEYS = {"name", "drains", "schedule", *_NUMBERS, *_LIMITS}


def read_policy(content: bytes, *, file: str, places: int) -> Policy:
    """Read a policy for so many places.

    Raises:
        PolicyError: it cannot be used; ``file`` is what the sentence calls it.
    """
    return _Page(file, content, places).policy()


@dataclass(frozen=True, slots=True)
class _Page:
    file: str
    content: bytes
    places: int

    def policy(self) -> Policy:
        table = self._parsed()
        self._only(table, _KEYS, "")
        name = table.get("name")
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise self._error("name", f"{name!r} is no name: write one such as 'standard'")
        drains = table.get("drains")
        if not isinstance(drains, bool):
            raise self._error("drains", f"{drains!r} is neither true nor false")
        numbers = self._numbers(table, _NUMBERS, "")
        self._check_bounds(numbers)
        return Policy(
            name=name,
            version=hashlib.sha256(self.content).hexdigest()[:VERSION_LENGTH],
            drains=drains,
            scale_out=self._limit(table, "scale_out"),
            scale_in=self._limit(table, "scale_in"),
            peaks=self._peaks(table, int(numbers["maximum"])),
            **numbers,
        )

    def _parsed(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.content.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PolicyError(
                f"{self.file} is no TOML: {error}; compare it with the policy in force"
            ) from error

    def _only(self, table: Mapping[str, object], known: set[str], within: str) -> None:
        for key in table:
            if key not in known:
                remedy = f"is no key of a policy{within}: write one of"
                raise self._error(key, f"{remedy} {', '.join(sorted(known))}")

    def _numbers(
        self, table: Mapping[str, object], ranges: Mapping[str, _Range], within: str
    ) -> dict[str, Any]:
        for key, allowed in ranges.items():
            if key not in table:
                raise self._error(key, f"is missing{within}: write {allowed}")
            if not allowed.takes(table[key]):
                raise self._error(key, f"is {table[key]!r}{within}: write {allowed}")
        return {key: table[key] for key in ranges}

    def _check_bounds(self, numbers: Mapping[str, float]) -> None:
        minimum, maximum = numbers["minimum"], numbers["maximum"]
        if maximum > self.places:
            raise self._error(
                "maximum", f"is {maximum}, and there are {self.places} places: write no more"
            )
        if minimum > maximum:
            raise self._error(
                "minimum", f"is {minimum}, more than the maximum of {maximum}: lower it"
            )

    def _limit(self, table: Mapping[str, object], name: str) -> Limit:
        given = table.get(name)
        ranges = _LIMITS[name]
        if not isinstance(given, dict):
            raise self._error(name, f"is missing: write a table [{name}]")
        within = f" in [{name}]"
        self._only(given, set(ranges), within)
        limit = Limit(**self._numbers(given, ranges, within))
        if not limit.percent and not limit.instances:
            raise self._error(name, "lets nothing change: write a percent above 0")
        return limit

    def _peaks(self, table: Mapping[str, object], maximum: int) -> Sequence[Peak]:
        given = table.get("schedule", [])
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise self._error("schedule", "is no list of tables: write [[schedule]]")
        allowed = _Range(1, maximum, whole=True)
        peaks = []
        for one in given:
            self._only(one, SCHEDULE_KEYS, " in [[schedule]]")
            minimum = self._numbers(one, {"minimum": allowed}, " in [[schedule]]")["minimum"]
            try:
                peaks.append(read_peak(one, minimum))
            except ScheduleError as error:
                raise self._error(error.key, f"{error} in [[schedule]]") from error
        return tuple(peaks)

    def _error(self, key: str, what: str) -> PolicyError:
        line = self._line_of(key)
        where = f"{self.file}:{line}" if line else self.file
        return PolicyError(f"{where}: {key} {what}")

    def _line_of(self, key: str) -> int:
        """The first line that gives the key or opens its table; 0 where none does."""
        opens = re.compile(rf"\s*(\[\[?\s*)?[\"']?{re.escape(key)}[\"']?\s*[=\]]")
        lines = self.content.decode(errors="replace").splitlines()
        return next((at for at, line in enumerate(lines, start=1) if opens.match(line)), 0)
