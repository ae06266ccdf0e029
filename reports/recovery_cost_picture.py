"""One picture of what a restore costs: as measured, and carried on to production, as PNG.

Importing this module imports matplotlib, which takes a second: import it where a picture
is drawn, not at the top of a file.
"""

from __future__ import annotations

import io
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from reports.recovery_cost import CONFIDENCE, duration_text, project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from reports.recovery_cost import Cost, Production, Projection

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_SIZE_INCHES, _DOTS_PER_INCH = (12.0, 5.0), 150
_HEADING_CHARACTERS = 95
_POINTS = 200  # of a line
_ROOM = 1.3  # times the largest that is shown
_LITTLE, _MUCH = ("#0072B2", "--"), ("#D55E00", "-")  # color and line
_PROJECTED = "#007A59"
_TICKS = (0.01, 0.1, 1, 10, 60, 600, 3600, 36_000, 86_400, 864_000, 8_640_000)  # seconds


def draw(cost: Cost, projection: Projection) -> bytes:
    """Draw what was measured, and the way to production; the same gives the same bytes."""
    with matplotlib.style.context(["default", _STYLE]):
        figure = Figure(figsize=_SIZE_INCHES, facecolor="white", layout="constrained")
        _write_heading(figure, projection)
        measured, projected = figure.subplots(1, 2)
        _draw_measured(measured, cost)
        _draw_projected(projected, cost, projection)
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    return out.getvalue()


def _write_heading(figure: Figure, projection: Projection) -> None:
    heading = textwrap.fill(projection.verdict, _HEADING_CHARACTERS)
    figure.suptitle(heading, x=0.01, ha="left", size=12, weight="bold")


def _draw_measured(axes: Axes, cost: Cost) -> None:
    wal = [one.wal_gigabytes for one in cost.measurements]
    sizes = np.linspace(0, max(one.gigabytes for one in cost.measurements) * 1.1, _POINTS)
    _draw_line(axes, cost, sizes, min(wal), _LITTLE)
    _draw_line(axes, cost, sizes, max(wal), _MUCH)
    _draw_points(axes, cost)
    axes.set_xlim(0, sizes[-1])
    axes.set_ylim(bottom=0)
    axes.set_title("As measured", loc="left")
    axes.set_xlabel("GB of database")
    axes.set_ylabel("seconds")
    axes.legend(loc="upper left", frameon=False)


def _draw_line(
    axes: Axes, cost: Cost, sizes: NDArray[np.float64], wal: float, look: tuple[str, str]
) -> None:
    color, line = look
    middle = np.array([cost.seconds_at(size, wal) for size in sizes])
    half = np.array([cost.half_width_at(size, wal) for size in sizes])
    axes.plot(sizes, middle, color=color, ls=line, label=f"the line with {wal:.3g} GB of WAL")
    axes.fill_between(sizes, middle - half, middle + half, color=color, alpha=0.13, lw=0)


def _draw_points(axes: Axes, cost: Cost) -> None:
    """Draw each restore; one with more WAL is a larger mark, so that a printer shows it."""
    most = max(one.wal_gigabytes for one in cost.measurements)
    axes.scatter(
        [one.gigabytes for one in cost.measurements],
        [one.seconds for one in cost.measurements],
        s=[15 + 60 * one.wal_gigabytes / most for one in cost.measurements],
        facecolor="none", edgecolor="black", linewidth=1.1, zorder=3,
        label="a restore; larger with more WAL",
    )  # fmt: skip


def _draw_projected(axes: Axes, cost: Cost, projection: Projection) -> None:
    """Draw the way to production, with as much WAL for each GB as production has."""
    production = projection.production
    sizes = [production.database_gigabytes, *(one.gigabytes for one in cost.measurements)]
    way = [
        project(cost, _of_size(production, size))
        for size in np.geomspace(min(sizes) / _ROOM, max(sizes) * _ROOM, _POINTS)
    ]
    _draw_way(axes, way)
    _draw_points(axes, cost)
    _draw_production(axes, projection)
    axes.set_xscale("log")
    _say_durations(axes, [one.seconds for one in cost.measurements], way)
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set_title("Projected, with WAL in production's proportion", loc="left")
    axes.set_xlabel("GB of database")
    axes.legend(loc="lower right", framealpha=0.88, edgecolor="none")


def _of_size(production: Production, gigabytes: float) -> Production:
    share = gigabytes / production.database_gigabytes
    return replace(
        production,
        database_gigabytes=gigabytes,
        wal_gigabytes=production.wal_gigabytes * share,
    )


def _draw_way(axes: Axes, way: Sequence[Projection]) -> None:
    sizes = [one.production.database_gigabytes for one in way]
    lower = [one.lower_seconds for one in way]
    upper = [one.upper_seconds for one in way]
    axes.plot(sizes, [one.seconds for one in way], color=_PROJECTED, label=way[-1].bound)
    band = f"{CONFIDENCE:.0%} of single restores"
    axes.fill_between(sizes, lower, upper, color=_PROJECTED, alpha=0.16, lw=0, label=band)


def _draw_production(axes: Axes, projection: Projection) -> None:
    seconds, rto = projection.seconds, projection.production.rto_seconds
    either_way = ([seconds - projection.lower_seconds], [projection.upper_seconds - seconds])
    axes.errorbar(
        projection.production.database_gigabytes, seconds, yerr=either_way,
        fmt="D", ms=5, capsize=4, color=_PROJECTED, mec="black", ecolor="black", zorder=4,
        label=f"production: {duration_text(seconds)}",
    )  # fmt: skip
    axes.axhline(rto, color="black", ls=":", lw=1.4, label=f"RTO {duration_text(rto)}")


def _say_durations(axes: Axes, measured: Sequence[float], way: Sequence[Projection]) -> None:
    """Write 10 min rather than 600 or 10³ along the side."""
    shown = [*measured, way[-1].production.rto_seconds, *(one.seconds for one in way)]
    axes.set_yscale("log")
    axes.set_yticks(_TICKS, [duration_text(tick) for tick in _TICKS], minor=False)
    axes.minorticks_off()
    axes.set_ylim(min(shown) / _ROOM, max(*shown, *(one.upper_seconds for one in way)) * _ROOM)
    axes.grid(axis="y", linewidth=0.4)
