"""One picture of a drill that a person understands at once, as SVG.

From the top: what was done (faults, outages, runbook), what customers were told, and how
long they waited, all on one time axis; beneath it, what the longest outage was spent on.
Outcomes differ in lightness and hatching as well as in colour, so that the picture survives
colour blindness and a black-and-white printer.

Importing this module imports matplotlib, which takes a second: import it where a picture
is drawn, not at the top of a file.
"""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from reports.breach_summary import breach_mark
from reports.changes_summary import change_mark
from reports.customers import Customers, covered, see
from reports.picture_phases import draw_phases
from reports.picture_rows import LEFT, RIGHT, ROW, WIDTH, Row, draw_row, printable, set_rows
from reports.summary import figures
from reports.wording import seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from reports.outages import Outage
    from reports.phases import Breakdown
    from reports.verdict import Injection, Objectives, Recovery, Verdict

STYLE = {
    "svg.fonttype": "none",  # text stays text: it can be searched, copied and read aloud
    "svg.hashsalt": "muster",  # ids, and so the bytes, are the same at every drawing
    "font.family": "DejaVu Sans",  # ships with matplotlib, and is wide: others only fit better
    "font.size": 9.0,
    "text.parse_math": False,  # a $VARIABLE in a step's title is no formula
    "hatch.linewidth": 0.8,
    "hatch.color": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_RATES, _LATENCY, _GAP, _FOOT = 2.2, 1.7, 0.42, 0.55  # inches

_FAULT, _OUTAGE, _RECOVERED, _STEP, _STEP_FAILED = (
    "#CC79A7", "#000000", "#007A59", "#0072B2", "#D55E00",
)  # fmt: skip
_CHANGE, _INTRUDER = "#5B6770", "#B8860B"
# Name, colour and hatching of each outcome, in the order of ``Customers.told``.
_TOLD = (
    ("acknowledged", "#A9D3EE", ""),
    ("refused", "#D55E00", "////"),
    ("unknown", "#333333", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMark:
    """A runbook step on the picture; seconds of CLOCK_MONOTONIC."""

    title: str
    began_at: float
    ended_at: float
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the picture shows; times are seconds of CLOCK_MONOTONIC."""

    title: str
    ledger: NDArray[np.void]
    injections: Sequence[Injection]
    steps: Sequence[StepMark]
    recovery: Recovery | None
    objectives: Objectives | None
    verdict: Verdict
    notes: Sequence[str] = ()  # what the figures cannot say, a line each
    breakdown: Breakdown | None = None


def draw(scene: Scene) -> bytes:
    """Draw the scene; the same scene gives the same bytes."""
    with matplotlib.style.context(["default", STYLE]):
        figure = _figure(scene)
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _figure(scene: Scene) -> Figure:
    tried = covered(scene.ledger)
    rows = _rows(scene)
    began, ended = _window(tried, rows)
    zero = min((one.started_at for one in scene.injections), default=began)
    heading = _heading(scene)
    head = 0.5 + 0.2 * len(heading)
    lanes = ROW * max(1, len(rows)) + 0.1
    parts = ROW * len(scene.breakdown.phases) + 0.1 if scene.breakdown else 0.0
    upper = head + lanes + _GAP + _RATES + _GAP + _LATENCY + _FOOT
    height = upper + parts + (_FOOT if parts else 0.0)
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    _write_heading(figure, scene, heading, height)

    def axes(top: float, tall: float) -> Axes:
        wide = WIDTH - LEFT - RIGHT
        box = (LEFT / WIDTH, 1 - (top + tall) / height, wide / WIDTH, tall / height)
        made = figure.add_axes(box)
        made.set_xlim(began - zero, ended - zero)
        return made

    done = axes(head, lanes)
    rates = axes(head + lanes + _GAP, _RATES)
    latency = axes(head + lanes + _GAP + _RATES + _GAP, _LATENCY)
    _draw_rows(done, rows, zero, scene)
    for panel in (done, rates, latency):
        _shade(panel, scene, zero, ended, named=panel is rates)
        panel.tick_params(labelbottom=panel is latency)
    if tried:
        seen = see(scene.ledger, began, ended)
        _draw_rates(rates, seen, zero)
        _draw_latency(latency, seen, zero, scene.objectives)
    else:
        _say_empty(rates, latency)
    since = "the fault was injected" if scene.injections else "the first attempt"
    latency.set_xlabel(f"seconds since {since}")
    if scene.breakdown:
        draw_phases(axes(upper, parts), scene.breakdown)
    return figure


def _window(tried: tuple[float, float] | None, rows: Sequence[Row]) -> tuple[float, float]:
    times = [row.began_at for row in rows]
    times += [row.ended_at for row in rows if row.ended_at is not None]
    times += tried or ()
    began, ended = min(times, default=0.0), max(times, default=0.0)
    return began, max(ended, began + 1.0)


def _rows(scene: Scene) -> list[Row]:
    faults = [
        Row("fault", one.fault, one.started_at, one.gone_at, _FAULT) for one in scene.injections
    ]
    steps = [
        Row(
            "runbook",
            f"{number}  {step.title}" + (": FAILED" if step.failed else ""),
            step.began_at,
            step.ended_at,
            _STEP_FAILED if step.failed else _STEP,
        )
        for number, step in enumerate(scene.steps, start=1)
    ]
    return faults + _outage_rows(scene) + _change_rows(scene) + _intruder_rows(scene) + steps


def _outage_rows(scene: Scene) -> list[Row]:
    if scene.recovery is None:
        return []
    if not scene.recovery.outages and scene.injections:
        return [_no_outage(scene.injections)]
    outages = sorted(scene.recovery.outages, key=lambda one: one.seconds, reverse=True)
    rows = [
        Row("outage", _outage_text(one, scene), one.began_at, one.restored_at, _OUTAGE)
        for one in outages[:6]  # further stumbles are in the verdict's figures
    ]
    return sorted(rows, key=lambda row: row.began_at)


def _change_rows(scene: Scene) -> list[Row]:
    harm = scene.recovery.harm if scene.recovery else None
    if harm is None:
        return []
    return [
        Row("change", change_mark(one), one.began_at, one.ended_at, _CHANGE)
        for one in harm.changes[:6]  # further ones are in the drill's figures
    ]


def _intruder_rows(scene: Scene) -> list[Row]:
    seen = scene.recovery.intrusion if scene.recovery else None
    if seen is None or seen.first_in_at is None:
        return []
    mark = breach_mark(seen)
    return [Row("intruder", mark, seen.first_in_at, seen.last_in_at, _INTRUDER)]


def _no_outage(injections: Sequence[Injection]) -> Row:
    at = min(one.started_at for one in injections)
    return Row("outage", "none", at, at, _OUTAGE)


def _outage_text(outage: Outage, scene: Scene) -> str:
    longest = scene.recovery is not None and outage.seconds >= scene.recovery.rto_seconds
    least = "at least " if outage.restored_at is None else ""
    end = ", never restored" if outage.restored_at is None else ""
    if not longest:
        return f"further outage {least}{seconds_text(outage.seconds)}{end}"
    allowed = f" of {seconds_text(scene.objectives.rto_seconds)}" if scene.objectives else ""
    return f"RTO {least}{seconds_text(outage.seconds)}{allowed}{end}"


def _heading(scene: Scene) -> list[str]:
    lines = [_figures(scene.recovery, scene.objectives)] if scene.recovery else []
    lines += scene.notes
    for reason in scene.verdict.reasons[:3]:
        lines += textwrap.wrap(reason, 140, max_lines=2, placeholder=" …")
    return lines


def _figures(recovery: Recovery, objectives: Objectives | None) -> str:
    table = {one.name: one for one in figures(recovery, objectives)}
    rto, rpo = (
        f"{name} {table[name].measured}"
        + (f" of {table[name].objective}" if objectives else "")
        for name in ("RTO", "RPO")
    )
    lost = "not known" if recovery.lost is None else f"{_lost(recovery):,}"
    unknown, resolution = recovery.unknown, table["Resolution"].measured
    return (
        f"{rto}  ·  {rpo}  ·  lost {lost}  ·  unknown {unknown:,}  ·  resolution {resolution}"
    )


def _lost(recovery: Recovery) -> int:
    return (recovery.lost or 0) + (recovery.lost_after_effect or 0)


def _write_heading(figure: Figure, scene: Scene, lines: Sequence[str], height: float) -> None:
    left = 0.25 / WIDTH
    title = f"{scene.verdict.outcome}:  {textwrap.shorten(scene.title, 95, placeholder=' …')}"
    figure.text(left, 1 - 0.27 / height, printable(title), size=14, weight="bold")
    for number, line in enumerate(lines):
        figure.text(left, 1 - (0.50 + 0.2 * number) / height, printable(line), size=9.5)


def _draw_rows(axes: Axes, rows: Sequence[Row], zero: float, scene: Scene) -> None:
    set_rows(axes, rows)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0)
    for number, row in enumerate(rows):
        draw_row(axes, number, row, zero)
    if not scene.injections:
        axes.text(0.5, 0.5, "no fault was injected", transform=axes.transAxes, ha="center")


def _shade(axes: Axes, scene: Scene, zero: float, ended: float, *, named: bool) -> None:
    """Carry faults and recoveries through a panel, so that the eye can follow them down."""
    fault, served = ("fault injected", "customers served again") if named else ("", "")
    for one in scene.injections:
        began, gone = one.started_at, ended if one.gone_at is None else one.gone_at
        axes.axvspan(began - zero, gone - zero, color=_FAULT, alpha=0.13, linewidth=0)
        axes.axvline(began - zero, color=_FAULT, linewidth=1.4, label=fault)
    for outage in scene.recovery.outages if scene.recovery else ():
        if outage.restored_at is not None:
            at = outage.restored_at - zero
            axes.axvline(at, color=_RECOVERED, lw=1.4, ls="--", label=served)


def _draw_rates(axes: Axes, seen: Customers, zero: float) -> None:
    width = float(seen.edges[1] - seen.edges[0])
    below = np.zeros(len(seen.edges) - 1)
    for count, (name, color, hatch) in zip(seen.told, _TOLD, strict=True):
        top = below + count / width
        stairs = axes.stairs(
            top, seen.edges - zero, baseline=below, fill=True, facecolor=color, hatch=hatch,
            label=f"{name} {int(count.sum()):,}", linewidth=0,
        )  # fmt: skip
        stairs.set_gid(f"told-{name}")
        below = top
    axes.set_ylim(0, max(1.0, float(below.max()) * 1.05))
    axes.set_ylabel("orders a second\nby what customers\nwere told")
    legend(axes)


def _draw_latency(
    axes: Axes, seen: Customers, zero: float, objectives: Objectives | None
) -> None:
    middle = (seen.edges[:-1] + seen.edges[1:]) / 2 - zero
    for name, latency, color, line in (
        ("P95", seen.p95, "#D55E00", "-"),
        ("P50", seen.p50, "#0072B2", "--"),
    ):
        axes.plot(  # with dots: a bin between two empty ones makes no line
            middle, latency * 1000, color=color, lw=1.2, ls=line, label=name, marker=".", ms=3.5
        )
    if objectives and objectives.p95_seconds is not None:
        limit = objectives.p95_seconds * 1000
        axes.axhline(limit, color="black", lw=0.9, ls=":", label=f"P95 objective {limit:g} ms")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_ylabel("milliseconds\nuntil acknowledged")
    axes.grid(axis="y", linewidth=0.4)
    legend(axes)


def legend(axes: Axes, above: float = 1.0) -> None:
    """Name what is drawn, in a line above the axes: at one of their heights, or higher."""
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))  # one entry for several faults
    axes.legend(
        once.values(), once.keys(), loc="lower right", bbox_to_anchor=(1, above),
        ncols=len(once), frameon=False, borderaxespad=0.1,
    )  # fmt: skip


def _say_empty(rates: Axes, latency: Axes) -> None:
    for axes in (rates, latency):
        axes.set_axis_off()
    rates.text(
        0.5, 0.5, "The ledger is empty: no customer tried to order anything.",
        transform=rates.transAxes, ha="center", va="center", size=12,
    )  # fmt: skip
