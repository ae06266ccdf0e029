"""What may be configured while the service runs: read from TOML, checked wholly before use.

A range is what the service works within, not what is wise: a configuration can be valid and
wrong, which is what canaries are for.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ConfigurationError(Exception):
    """It cannot be used; the message is one sentence with file, line, key and remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionLimits:
    most_in_work: int  # requests of customers, on one instance; what is beyond is refused


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLimits:
    insert_seconds: float  # until an order is on two disks


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLimits:
    limit_seconds: float  # of one call
    slow_seconds: float  # what takes longer counts as a failure
    calls_at_once: int  # for customers who wait


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    failures_to_open: int  # of the last ten calls
    open_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheUse:
    enabled: bool
    keep_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """Features that can be switched off, each by itself (kill switches)."""

    charge_at_once: bool  # off: orders are paid a moment after their customer was answered
    customer_pages: bool  # off: nobody can list their orders
    receipts: bool  # off: answers to orders carry no receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    admission: AdmissionLimits
    orders: OrderLimits
    payments: PaymentLimits
    breaker: BreakerLimits
    cache: CacheUse
    flags: Flags


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


@dataclass(frozen=True, slots=True)
class _Switch:
    def takes(self, value: object) -> bool:
        return isinstance(value, bool)

    def __str__(self) -> str:
        return "true or false"


FLAGS = "flags"
_SWITCH = _Switch()
# Customers give up after two seconds. The insert is done by 1.3 s at the latest; a charge
# begins within 0.8 s and takes as long as its limit; marking takes up to 0.3 s.
_KEYS: Mapping[str, Mapping[str, _Range | _Switch]] = {
    "admission": {"most_in_work": _Range(0, 512, whole=True)},
    "orders": {"insert_seconds": _Range(0.05, 1.3)},
    "payments": {
        "limit_seconds": _Range(0.05, 0.8),
        "slow_seconds": _Range(0.01, 0.8),
        "calls_at_once": _Range(1, 32, whole=True),
    },
    "breaker": {
        "failures_to_open": _Range(1, 10, whole=True),
        "open_seconds": _Range(0.1, 60),
    },
    "cache": {"enabled": _SWITCH, "keep_seconds": _Range(1, 3600, whole=True)},
    FLAGS: {"charge_at_once": _SWITCH, "customer_pages": _SWITCH, "receipts": _SWITCH},
}
_TABLE = re.compile(r"\s*\[\s*([^\[\]]*?)\s*\]")


def flag_names() -> tuple[str, ...]:
    return tuple(_KEYS[FLAGS])


def read_configuration(content: bytes, *, file: str) -> Configuration:
    """Read a configuration.

    Raises:
        ConfigurationError: it cannot be used; ``file`` is what the sentence calls it.
    """
    return _Page(file, content).configuration()


def with_flag(content: bytes, name: str, *, on: bool, file: str) -> bytes:
    """Switch one flag, and leave every other byte of a valid configuration as it is.

    Raises:
        ConfigurationError: there is no such flag, or not where it can be seen.
    """
    if name not in _KEYS[FLAGS]:
        raise ConfigurationError(f"no flag is called {name!r}: name {_listed(_KEYS[FLAGS])}")
    lines = content.decode().split("\n")
    at = _Page(file, content).line_of(FLAGS, name) - 1
    lines[at] = re.sub(r"=\s*(true|false)\b", f"= {str(on).lower()}", lines[at], count=1)
    switched = "\n".join(lines).encode()
    flags = read_configuration(switched, file=file).flags
    if flags != replace(read_configuration(content, file=file).flags, **{name: on}):
        raise ConfigurationError(
            f"{file}: the flag {name} cannot be found: write it on a line of its own in [flags]"
        )
    return switched


@dataclass(frozen=True, slots=True)
class _Page:
    file: str
    content: bytes

    def configuration(self) -> Configuration:
        tables = self._parsed()
        for name in tables:
            if name not in _KEYS:
                raise self._error(name, "", f"is no table: write {_listed(_KEYS)}")
        read = {name: self._table(tables, name) for name in _KEYS}
        self._check_slowness(read["payments"])
        return Configuration(
            admission=AdmissionLimits(**read["admission"]),
            orders=OrderLimits(**read["orders"]),
            payments=PaymentLimits(**read["payments"]),
            breaker=BreakerLimits(**read["breaker"]),
            cache=CacheUse(**read["cache"]),
            flags=Flags(**read[FLAGS]),
        )

    def line_of(self, table: str, key: str) -> int:
        """The line that gives the key in its table, or opens the table; 0 where none does."""
        gives = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        within, opened = "", 0
        for number, line in enumerate(self._text().split("\n"), start=1):
            if opens := _TABLE.match(line):
                within = opens[1].strip("\"'")
                opened = number if within == table else opened
            elif within == table and key and gives.match(line):
                return number
        return opened

    def _parsed(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.content.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigurationError(
                f"{self.file} is no TOML: {error}; compare it with the configuration in force"
            ) from error

    def _table(self, tables: Mapping[str, Any], name: str) -> dict[str, Any]:
        given, known = tables.get(name), _KEYS[name]
        if not isinstance(given, dict):
            raise self._error(name, "", f"is missing: write a table [{name}]")
        for key in given:
            if key not in known:
                raise self._error(name, key, f"is no key of it: write {_listed(known)}")
        for key, allowed in known.items():
            if key not in given:
                raise self._error(name, key, f"is missing: write {allowed}")
            if not allowed.takes(given[key]):
                raise self._error(name, key, f"is {given[key]!r}: write {allowed}")
        return given

    def _check_slowness(self, payments: Mapping[str, float]) -> None:
        slow, limit = payments["slow_seconds"], payments["limit_seconds"]
        if slow > limit:
            what = f"is {slow:g}, and a call ends after {limit:g}: write no more than that"
            raise self._error("payments", "slow_seconds", what)

    def _error(self, table: str, key: str, what: str) -> ConfigurationError:
        line = self.line_of(table, key)
        where = f"{self.file}:{line}" if line else self.file
        named = f"[{table}] {key}" if key else f"[{table}]"
        return ConfigurationError(f"{where}: {named} {what}")

    def _text(self) -> str:
        return self.content.decode(errors="replace")


def _listed(names: Mapping[str, object]) -> str:
    return f"one of {', '.join(sorted(names))}"
