"""What could not be found out is a value of its own, and never looks like good news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


class UnknownError(Exception):
    """It could not be found out; the message says why, and what to look at."""


@dataclass(frozen=True, slots=True)
class Unknown:
    why: str


def known_or_why(ask: Callable[[], Answer]) -> Answer | Unknown:
    try:
        return ask()
    except UnknownError as error:
        return Unknown(str(error))
