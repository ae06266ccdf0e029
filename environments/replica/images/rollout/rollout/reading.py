"""What an instance of the orders service says of itself: its ``/metrics``, read once.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .counts import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PORT = 8000
ANSWER_SECONDS = 1.0
LONGEST_ANSWER_BYTES = 1_000_000
FAST_SECONDS = 0.5  # a bound of the histogram's buckets, and what customers are promised

_REQUESTS = "orders_request_seconds"
_RELEASE = "orders_release"
_MEMORY, _STARTED = "process_resident_memory_bytes", "process_start_time_seconds"
_OWN_ROUTES = ("/health", "/metrics", "/configuration")  # of probes, not of customers
_NOT_FOUND = 404
_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class SilentError(Exception):
    """An instance did not say how it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``counts`` is since the process began, which was at ``started_at`` of its own clock."""

    started_at: float
    memory_bytes: float
    version: str  # of the release; "" where it does not say
    counts: Counts


def read_instance(instance: str, port: int = PORT) -> Reading:
    """Ask an instance.

    Raises:
        SilentError: it does not answer, or not with metrics.
    """
    connection = http.client.HTTPConnection(instance, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        text = answer.read(LONGEST_ANSWER_BYTES).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise SilentError(f"{instance} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise SilentError(f"{instance} answers {answer.status} when asked for its metrics")
    return read_metrics(text)


def read_metrics(text: str) -> Reading:
    """Read a page of metrics.

    Raises:
        SilentError: it lacks what every process says of itself.
    """
    plain: dict[str, float] = {}
    counts, version = Counts(), ""
    for name, labels, value in _samples(text):
        if name == _RELEASE:
            version = labels.get("version", "")
        elif name.startswith(f"{_REQUESTS}_"):
            counts += _counted(name.removeprefix(f"{_REQUESTS}_"), labels, int(value))
        elif not labels:
            plain[name] = value
    if missing := {_MEMORY, _STARTED} - plain.keys():
        raise SilentError(f"the metrics lack {', '.join(sorted(missing))}")
    return Reading(plain[_STARTED], plain[_MEMORY], version, counts)


def _samples(text: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    for line in text.splitlines():
        if match := _SAMPLE.fullmatch(line):
            yield match[1], dict(_LABEL.findall(match[2] or "")), float(match[3])


def _counted(kind: str, labels: Mapping[str, str], value: int) -> Counts:
    """Give what one line adds; a request counts as slow until a bucket has it as fast."""
    if labels["route"].startswith(_OWN_ROUTES):
        return Counts()
    if kind == "bucket":
        return Counts(slow=-value) if float(labels["le"]) == FAST_SECONDS else Counts()
    if kind != "count":
        return Counts()
    status = int(labels["status"])
    is_rejected = 400 <= status < 500 and status != _NOT_FOUND  # noqa: PLR2004 - RFC 9110's class
    return Counts(
        requests=value,
        errors=value if status >= 500 else 0,  # noqa: PLR2004 - as above
        rejected=value if is_rejected else 0,
        slow=value,
    )
