"""One JSON line on stdout for each change."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime


def record(event: str, **fields: object) -> None:
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event}
    sys.stdout.write(json.dumps(line | fields) + "\n")
    sys.stdout.flush()
