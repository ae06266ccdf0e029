"""Copies of runbooks with their key step taken out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_EXECUTABLE = re.compile(r"^```sh .*?^```$\n", re.MULTILINE | re.DOTALL)


def without_step(page: Path, title: str, *, then_stop: bool = False, into: Path) -> Path:
    """Copy ``page`` without the step of that title; return the folder it is copied into.

    With ``then_stop`` the steps after it go as well: they would wait in vain for what the
    missing step should have brought about, and fail for that reason instead.
    """
    text = page.read_text()
    steps = list(_EXECUTABLE.finditer(text))
    (key,) = [i for i, step in enumerate(steps) if f"# {title}" in step.group()]
    for step in reversed(steps[key:] if then_stop else steps[key : key + 1]):
        text = text[: step.start()] + text[step.end() :]
    into.mkdir(exist_ok=True)
    (into / page.name).write_text(text)
    return into


def with_change(page: Path, old: str, new: str, *, into: Path) -> Path:
    """Copy ``page`` with what stands there exactly once changed; return the copy's folder."""
    text = page.read_text()
    if text.count(old) != 1:
        raise ValueError(f"{page.name} has {old!r} {text.count(old)} times, not once")
    into.mkdir(exist_ok=True)
    (into / page.name).write_text(text.replace(old, new))
    return into
