"""Rows of a picture: bars on a time axis, with words beside them that always fit.

Importing this module imports matplotlib; see reports/picture.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.font_manager import findfont, get_font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

WIDTH, LEFT, RIGHT = 12.0, 0.95, 0.3  # inches, of the whole picture and beside its axes
ROW = 0.25  # inches
_CHARACTER = 0.078  # inches that a character of DejaVu Sans at 9 points takes on average


@dataclass(frozen=True, slots=True)
class Row:
    """One line of what was done: a bar and the words beside it."""

    kind: str
    text: str
    began_at: float
    ended_at: float | None  # None: it did not end while we looked
    color: str


def set_rows(axes: Axes, rows: Sequence[Row]) -> None:
    """Make room for these rows, and name the first of each kind on the left."""
    axes.set_ylim(len(rows) or 1, 0)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    kinds = [row.kind for row in rows]
    firsts = [number for number, kind in enumerate(kinds) if kind not in kinds[:number]]
    axes.set_yticks([number + 0.5 for number in firsts], [kinds[number] for number in firsts])


def draw_row(axes: Axes, number: int, row: Row, zero: float) -> None:
    last = axes.get_xlim()[1]
    began = row.began_at - zero
    ended = last if row.ended_at is None else row.ended_at - zero
    bar = axes.barh(
        number + 0.5, ended - began, left=began, height=0.55, color=row.color,
        edgecolor=row.color, linewidth=1.5,
    )  # fmt: skip
    bar[0].set_gid(f"{row.kind}-{number}")
    if row.ended_at is None:
        axes.plot(last, number + 0.5, ">", color=row.color, markersize=11, clip_on=False)
    _write_beside(axes, number + 0.5, (began, ended), row.text)


def _write_beside(axes: Axes, y: float, bar: tuple[float, float], text: str) -> None:
    """Write right of the bar, or left of it, or on it: the first where the words fit."""
    first, last = axes.get_xlim()
    inch = (last - first) / (WIDTH - LEFT - RIGHT)  # in seconds
    gap = 0.1 * inch
    places = (
        (last - bar[1], bar[1] + gap, "left"),
        (bar[0] - first, bar[0] - gap, "right"),
        (bar[1] - bar[0], (bar[0] + bar[1]) / 2, "center"),
    )
    text = printable(text)
    needed = len(text) * _CHARACTER * inch + 2 * gap
    fitting = [place for place in places if place[0] >= needed]
    room, x, side = fitting[0] if fitting else max(places)
    axes.text(
        x, y, cut_to(text, (room - 2 * gap) / inch), ha=side, va="center_baseline",
        bbox={"facecolor": "white", "alpha": 0.88, "edgecolor": "none", "pad": 0.8},
    )  # fmt: skip


def cut_to(text: str, inches: float) -> str:
    fits = max(4, int(inches / _CHARACTER))
    return text if len(text) <= fits else text[: fits - 2].rstrip() + " …"


def printable(text: str) -> str:
    """Replace what the font has no shape for: matplotlib would warn, and draw a box."""
    known = get_font(findfont("DejaVu Sans"))
    return "".join(c if known.get_char_index(ord(c)) else "\ufffd" for c in text)
