"""Reads JSON bodies as strictly as the official server: a wrong type is a bad request."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .errors import bad_request_body

_INT64 = range(-(2**63), 2**63)

Fields = Mapping[str, object]


def parse(body: bytes) -> object:
    """Parse a request's body.

    Raises:
        ApiError: 400, it is not JSON.
    """
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except ValueError as error:
        raise bad_request_body(str(error) if body else "EOF") from error


def parse_object(body: bytes) -> Fields:
    return as_object(parse(body), "the body")


def as_object(value: object, what: str) -> Fields:
    """Take a JSON object; ``null`` counts as an empty one.

    Raises:
        ApiError: 400, it is anything else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_request_body(f"{what} must be an object")
    return value


def text(fields: Fields, name: str, default: str) -> str:
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise bad_request_body(f"{name} must be a string")
    return value


def flag(fields: Fields, name: str, *, default: bool) -> bool:
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise bad_request_body(f"{name} must be true or false")
    return value


def integer(fields: Fields, name: str, default: int) -> int:
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value not in _INT64:
        raise bad_request_body(f"{name} must be an integer of 64 bits")
    return value


def number(fields: Fields, name: str, default: float) -> float:
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_request_body(f"{name} must be a number")
    return float(value)


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")
