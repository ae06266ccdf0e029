"""Logs of one JSON object a line, read with a sentence for each field that makes no sense."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from reports.facts import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Entry = TypeVar("Entry")


def read_entries(
    path: Path, parse: Callable[[Mapping[str, Any]], Entry], what: str
) -> list[Entry]:
    """Read each line of a log; a torn last line is left out.

    Raises:
        RecordError: a line that was finished cannot be read; the sentence names it.
    """
    *lines, unfinished = path.read_bytes().split(b"\n")
    entries = [
        _entry(line, parse, f"{path}:{number}: not an entry of {what}")
        for number, line in enumerate(lines, start=1)
    ]
    with suppress(RecordError):
        entries.append(_entry(unfinished, parse, str(path)))
    return entries


def _entry(line: bytes, parse: Callable[[Mapping[str, Any]], Entry], complaint: str) -> Entry:
    try:
        return parse(json.loads(line))
    except KeyError as error:
        raise RecordError(f"{complaint}: it has no {error}") from error
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise RecordError(f"{complaint}: {error}") from error


def number(fields: Mapping[str, Any], name: str) -> float:
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"its {name!r} is no number: {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"its {name!r} is no number: {value!r}")
    return float(value)


def amount(fields: Mapping[str, Any], name: str) -> float:
    value = number(fields, name)
    if value < 0:
        raise ValueError(f"its {name!r} is less than nothing: {value!r}")
    return value


def amount_or_none(fields: Mapping[str, Any], name: str) -> float | None:
    return None if fields[name] is None else amount(fields, name)


def count(fields: Mapping[str, Any], name: str) -> int:
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"its {name!r} is no whole number: {value!r}")
    return value


def share_or_none(fields: Mapping[str, Any], name: str) -> float | None:
    value = amount_or_none(fields, name)
    if value is not None and value > 1:
        raise ValueError(f"its {name!r} is no share from 0 to 1: {value!r}")
    return value


def text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise TypeError(f"its {name!r} is no text: {value!r}")
    return value
