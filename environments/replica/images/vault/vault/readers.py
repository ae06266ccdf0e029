"""Who has taken what: nodes say so, and instances are asked whom they log in as."""

from __future__ import annotations

import re
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .policy import LOGIN_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .policy import Policy

METRICS_PORT = 8000
ANSWER_SECONDS = 1.0
_USER = re.compile(r'^orders_database_login\{user="(?P<user>[^"]*)"\} 1\.0$', re.MULTILINE)
_STALE = re.compile(r"^orders_database_connections_stale (?P<count>[0-9.e+]+)$", re.MULTILINE)


@dataclass(slots=True)
class Nodes:
    """The nodes of the policy. One that never asked for anything has nothing that is old."""

    policy: Policy
    applied: dict[str, int] = field(default_factory=dict)
    heard: threading.Lock = field(default_factory=threading.Lock)

    def note(self, node: str, version: int) -> None:
        with self.heard:
            self.applied[node] = max(version, self.applied.get(node, 0))

    def behind(self, name: str, version: int) -> frozenset[str]:
        with self.heard:
            return frozenset(
                node
                for node in self.policy.readers_of(name)
                if self.applied.get(node, version) < version
            )

    def not_moved(self, user: str) -> Mapping[str, str]:
        found = {}
        for node, grants in self.policy.grants.items():
            if LOGIN_FILE in grants.files and (why := _why_not_moved(node, user)):
                found[node] = why
        return found


def _why_not_moved(node: str, user: str) -> str:
    try:
        with _OPENER.open(
            f"http://{node}:{METRICS_PORT}/metrics", timeout=ANSWER_SECONDS
        ) as answer:
            return read_moved(answer.read().decode(), user)
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            return ""  # nothing runs there, so nothing is logged in
        return f"it does not answer: {error.reason}"
    except OSError as error:
        return f"it does not answer: {error}"


def read_moved(metrics: str, user: str) -> str:
    """Say why an instance has not moved over to this user, by its metrics; "" where it has."""
    logs_in_as, stale = _USER.search(metrics), _STALE.search(metrics)
    if logs_in_as is None or stale is None:
        return "it does not say whom it logs in as"
    if logs_in_as["user"] != user:
        return f"it logs in as {logs_in_as['user']}"
    count = int(float(stale["count"]))
    return f"{count} connections of before are open" if count else ""


# The environment's proxies lead to nobody in here.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
