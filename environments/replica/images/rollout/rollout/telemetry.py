"""What a process says about itself: JSON lines on stdout."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_LOG = logging.getLogger("rollout")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_json_lines() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def say(event: str, **fields: object) -> None:
    _LOG.info(event, extra={"fields": fields})


def warn(event: str, **fields: object) -> None:
    _LOG.warning(event, extra={"fields": fields})


class Troubles:
    """Warns of what goes wrong when it begins to, and says when it is over: not each time."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def note(self, about: str, trouble: str) -> None:
        """Say how things are with it; "" is well."""
        if trouble == self._last.get(about, ""):
            return
        self._last[about] = trouble
        if trouble:
            warn(f"{about} is in trouble", cause=trouble)
        else:
            say(f"{about} is well again")
