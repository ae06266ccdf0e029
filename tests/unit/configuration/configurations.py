"""Configurations for tests: the standard one, changed."""

from __future__ import annotations

import re
from pathlib import Path

IMAGES = Path(__file__).parents[3] / "environments/replica/images"
STANDARD = (IMAGES / "configurator/configurations/standard.toml").read_text()
SEED = "5e" * 32


def text_with(**changes: str) -> str:
    """Give the standard one with the line of each key changed; "" takes it out."""
    text = STANDARD
    for key, value in changes.items():
        line = f"{key} = {value}" if value else ""
        text, changed = re.subn(rf"^{key} = .*$", line, text, flags=re.MULTILINE)
        assert changed == 1
    return text


def line_of(start: str) -> int:
    """Count the lines of the standard one down to the one that begins so."""
    lines = STANDARD.splitlines()
    return next(at for at, line in enumerate(lines, 1) if line.startswith(start))
