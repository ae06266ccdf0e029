"""Policies for tests: the one of drills, changed."""

from __future__ import annotations

import re
from pathlib import Path

from environments.replica.images.scaler.scaling.policy import Policy, read_policy

IMAGE = Path(__file__).parents[3] / "environments/replica/images/scaler"
DRILL = (IMAGE / "policies/drill.toml").read_text()
PLACES = 10


def line_of(key: str) -> int:
    """Count the lines down to the first one that gives the key, in the policy of drills."""
    lines = DRILL.splitlines()
    return next(at for at, line in enumerate(lines, 1) if line.startswith(f"{key} = "))


def text_with(**changes: str) -> str:
    """Give the policy of drills with the first line of each key changed; "" takes it out."""
    text = DRILL
    for key, value in changes.items():
        line = f"{key} = {value}" if value else ""
        text = re.sub(rf"^{key} = .*$", line, text, count=1, flags=re.MULTILINE)
    return text


def policy_with(**changes: str) -> Policy:
    return read_policy(text_with(**changes).encode(), file="drill.toml", places=PLACES)
