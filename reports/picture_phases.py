"""The longest outage in its parts, one below the other, as a panel of a drill's picture.

Importing this module imports matplotlib; see reports/picture.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.phases import WAITING
from reports.picture_rows import Row, draw_row, set_rows
from reports.summary import allowed_beside, part_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from reports.phases import Breakdown

_KIND = "RTO by part"
_ACTING, _WAITING = "#0072B2", "#999999"


def draw_phases(axes: Axes, breakdown: Breakdown) -> None:
    """Draw a bar for each part, where people only waited in another colour."""
    axes.set_xlim(0, breakdown.seconds)
    zero = breakdown.phases[0].began_at
    rows = [
        Row(
            _KIND,
            "  ".join(part_texts(breakdown, phase)),
            phase.began_at,
            phase.ended_at,
            _WAITING if phase.name in WAITING else _ACTING,
        )
        for phase in breakdown.phases
    ]
    set_rows(axes, rows)
    for number, row in enumerate(rows):
        draw_row(axes, number, row, zero)
    apart = allowed_beside(breakdown)
    axes.set_xlabel("seconds since the longest outage began" + (f"; {apart}" if apart else ""))
