"""Figures in the words of a sentence: pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Context, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIGITS_OF_ANY_FLOAT = Context(prec=1_000)


def seconds_text(seconds: float) -> str:
    """Seconds as a person reads them; cut off rather than rounded, so never more."""
    if not math.isfinite(seconds):
        return f"{seconds} s"
    whole = len(str(int(abs(seconds))).lstrip("0"))
    decimals = max(1, 3 - whole)
    text = f"{_cut_off(Decimal(repr(seconds)), decimals):f}"
    return f"{text.rstrip('0').rstrip('.')} s"


def moment_text(moment: str) -> str:
    """A moment by ISO 8601 as a person reads it, without its day."""
    utc = datetime.fromisoformat(moment).astimezone(UTC)
    whole, _, parts = f"{utc:%H:%M:%S.%f}".partition(".")
    parts = parts.rstrip("0")
    return f"{whole}{'.' if parts else ''}{parts} UTC"


def told_apart(measured: float, objective: float) -> tuple[str, str]:
    """Both as text, with as many digits as it takes to tell them apart."""
    measured_text = seconds_text(measured)
    if measured_text != seconds_text(objective):
        return measured_text, seconds_text(objective)
    return f"{measured!r} s", f"{objective!r} s"


def beside(measured: float, objective: float) -> tuple[str, str]:
    """Both as text for a table: told apart where the one is more than the other allows."""
    if measured > objective:
        return told_apart(measured, objective)
    return seconds_text(measured), seconds_text(objective)


def share_text(share: float, decimals: int = 2) -> str:
    """A share from 0 to 1 as per cent; cut off rather than rounded, so never more."""
    percent = Decimal(repr(share)) * 100
    text = f"{_cut_off(percent, decimals):f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def shares_apart(measured: float, objective: float) -> tuple[str, str]:
    """Both as per cent, with as many digits as it takes to tell them apart."""
    decimals = 2
    while share_text(measured, decimals) == share_text(objective, decimals):
        decimals += 1
    return share_text(measured, decimals), share_text(objective, decimals)


def _cut_off(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(10) ** -decimals, ROUND_DOWN, _DIGITS_OF_ANY_FLOAT)


def writes_text(number: int) -> str:
    return f"{number:,} write{'' if number == 1 else 's'}"


def reads_text(number: int) -> str:
    return f"{number:,} read{'' if number == 1 else 's'}"


def requests_text(number: int) -> str:
    return f"{number:,} request{'' if number == 1 else 's'}"


def rows_text(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def keys_text(number: int, examples: Sequence[int]) -> str:
    keys = ", ".join(map(str, examples))
    return f"key{'' if number == 1 else 's'} {keys}{', …' if number > len(examples) else ''}"
