"""One picture of how a stack grew and shrank with its load, as SVG.

From the top: the decisions, by number; instances wanted and serving; orders offered and
served; how long customers waited; and how busy instances were, all on one time axis. Beneath
it, each decision with its reason. Lines differ in width and dashes as well as in colour.

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
from matplotlib.ticker import MaxNLocator

from reports.customers import covered, see
from reports.growths import departures
from reports.picture import STYLE, legend
from reports.picture_rows import LEFT, RIGHT, WIDTH, printable
from reports.scaling_summary import scaling_notes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from reports.customers import Customers
    from reports.scaling import Scaling
    from reports.scaling_log import Decision, Sample, ScalingLog
    from reports.surges import Surge
    from reports.verdict import ScalingObjectives, Verdict

_HEAD, _LINE, _GAP, _FOOT = 0.55, 0.2, 0.42, 0.6  # inches
_LANE = 0.17  # inches, of a row of numbers
_INSTANCES, _LOAD, _LATENCY, _BUSY = 1.9, 1.7, 1.4, 1.4  # inches
_DECISIONS_SHOWN = 30
_LANES = 6
_NUMBER_INCHES = 0.24
_POINTS = 600  # of a line
_WHY_CHARACTERS = 135
_BIN_SECONDS = 1.0
_OUT, _IN, _BOUND = "#007A59", "#D55E00", "#666666"
_SERVING, _BLUE, _GROWING, _LEAVING = "#A9D3EE", "#0072B2", "#007A59", "#D55E00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the picture shows; times are seconds of CLOCK_MONOTONIC."""

    title: str
    log: ScalingLog
    ledger: NDArray[np.void]
    surges: Sequence[Surge]
    scaling: Scaling
    objectives: ScalingObjectives | None
    verdict: Verdict

    @property
    def decisions(self) -> Sequence[Decision]:
        """Those that are shown: the first, for a picture has an end."""
        return self.log.decisions[:_DECISIONS_SHOWN]

    @property
    def window(self) -> tuple[float, float]:
        """From the first to the last of all that is known."""
        log = self.log
        times = [one.at for kind in (log.samples, log.decisions, log.stages) for one in kind]
        times += covered(self.ledger) or ()
        began, ended = min(times, default=0.0), max(times, default=0.0)
        return began, max(ended, began + 1.0)

    @property
    def zero(self) -> float:
        return min((one.started_at for one in self.surges), default=self.window[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A decision as it is listed; its reason in lines."""

    number: str
    at: str
    counts: str
    color: str
    why: Sequence[str]


def draw(scene: Scene) -> bytes:
    """Draw the scene; the same scene gives the same bytes."""
    with matplotlib.style.context(["default", STYLE]):
        figure = _figure(scene)
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _figure(scene: Scene) -> Figure:
    began, ended = scene.window
    heading, listed = _heading(scene), _listed(scene)
    lanes = _lanes(scene)
    head = _HEAD + _LINE * len(heading)
    marks = _LANE * _count(lanes)
    panels = (_INSTANCES, _LOAD, _LATENCY, _BUSY)
    upper = head + marks + sum(_GAP + tall for tall in panels) + _FOOT
    height = upper + _LINE * (1 + sum(len(one.why) for one in listed)) + 0.15
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    _write_heading(figure, scene, heading, height)

    def axes(top: float, tall: float) -> Axes:
        wide = WIDTH - LEFT - RIGHT
        made = figure.add_axes(
            (LEFT / WIDTH, 1 - (top + tall) / height, wide / WIDTH, tall / height)
        )
        made.set_xlim(began - scene.zero, ended - scene.zero)
        return made

    _draw_numbers(axes(head + _GAP, marks), scene, lanes)
    seen = see(scene.ledger, began, ended, _BIN_SECONDS)
    top = head
    drawings: Sequence[Callable[[Axes, Scene, Customers], None]] = (
        _draw_instances, _draw_load, _draw_latency, _draw_busy,
    )  # fmt: skip
    for tall, drawing in zip(panels, drawings, strict=True):
        numbered = marks if drawing is _draw_instances else 0.0
        panel = axes(top + _GAP + numbered, tall)
        _shade(panel, scene, named=drawing is _draw_instances)
        drawing(panel, scene, seen)
        legend(panel, above=1 + numbered / tall)
        panel.tick_params(labelbottom=drawing is _draw_busy)
        top += _GAP + numbered + tall
    since = "the surge began" if scene.surges else "the first of all that is known"
    panel.set_xlabel(f"seconds since {since}")
    _write_decisions(figure, listed, upper, height)
    return figure


def _heading(scene: Scene) -> list[str]:
    sentences = [*scaling_notes(scene.scaling), *scene.verdict.reasons[:3]]
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(sentence, 135, max_lines=2, placeholder=" …")
    ]


def _write_heading(figure: Figure, scene: Scene, lines: Sequence[str], height: float) -> None:
    left = 0.25 / WIDTH
    title = f"{scene.verdict.outcome}:  {textwrap.shorten(scene.title, 95, placeholder=' …')}"
    figure.text(left, 1 - 0.27 / height, printable(title), size=14, weight="bold")
    for number, line in enumerate(lines):
        y = 1 - (_HEAD - 0.05 + _LINE * number) / height
        figure.text(left, y, printable(line), size=9.5)


def _lanes(scene: Scene) -> list[int | None]:
    """The row of each decision's number, the uppermost being 0; None where there is no room.

    None may hide another: those that find no room are in the list beneath.
    """
    began, ended = scene.window
    room = _NUMBER_INCHES / (WIDTH - LEFT - RIGHT) * (ended - began)  # in seconds
    free_from = [began - room] * _LANES
    lanes: list[int | None] = []
    for decision in scene.decisions:
        lane = next((lane for lane, at in enumerate(free_from) if decision.at >= at), None)
        if lane is not None:
            free_from[lane] = decision.at + room
        lanes.append(lane)
    return lanes


def _count(lanes: Sequence[int | None]) -> int:
    return 1 + max((lane for lane in lanes if lane is not None), default=0)


def _color(decision: Decision) -> str:
    if decision.after == decision.before:
        return _BOUND
    return _OUT if decision.after > decision.before else _IN


def _draw_numbers(axes: Axes, scene: Scene, lanes: Sequence[int | None]) -> None:
    axes.set_axis_off()
    axes.set_ylim(_count(lanes), 0)
    for number, (decision, lane) in enumerate(zip(scene.decisions, lanes, strict=True), 1):
        if lane is None:
            continue
        written = axes.text(
            decision.at - scene.zero, lane + 0.5, str(number), size=8, weight="bold",
            color=_color(decision), ha="center", va="center",
        )  # fmt: skip
        written.set_gid(f"decision-{number}")


def _shade(axes: Axes, scene: Scene, *, named: bool) -> None:
    """Carry decisions, growths and departures through a panel, for the eye to follow down."""
    for decision in scene.decisions:
        at = decision.at - scene.zero
        axes.axvline(at, color=_color(decision), linewidth=0.8, alpha=0.55)
    growths = [(one.crossed_at, one.ended_at) for one in scene.scaling.growths]
    for name, color, whiles in (
        ("growing", _GROWING, _joined(growths)),
        ("an instance leaving", _LEAVING, _joined(departures(scene.log))),
    ):
        for since, until in whiles[:_DECISIONS_SHOWN]:
            axes.axvspan(
                since - scene.zero, until - scene.zero, color=color, alpha=0.10, linewidth=0,
                label=name if named else "",
            )  # fmt: skip


def _joined(whiles: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join those that overlap, so that none is shaded twice."""
    joined: list[tuple[float, float]] = []
    for since, until in sorted(whiles):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined


def _draw_instances(axes: Axes, scene: Scene, _: Customers) -> None:
    axes.set_ylabel("instances")
    if not scene.log.samples:
        return
    changes = _changes(scene.log.samples)
    at = np.array([sample.at for sample in changes]) - scene.zero
    serving = [sample.serving for sample in changes]
    wanted = [sample.wanted for sample in changes]
    axes.fill_between(
        at, serving, step="post", color=_SERVING, linewidth=0, label="serving"
    ).set_gid("serving")
    (line,) = axes.step(at, wanted, where="post", color="black", lw=1.2, label="wanted")
    line.set_gid("wanted")
    maximum = [sample.maximum for sample in changes]
    for name, bound in (
        ("minimum", [sample.minimum for sample in changes]),
        ("maximum", maximum),
    ):
        span = " to ".join(map(str, sorted({min(bound), max(bound)})))
        axes.step(
            at, bound, where="post", color="black", lw=0.8, ls=":", label=f"{name} {span}"
        )
    axes.set_ylim(0, max(*serving, *wanted, *maximum) + 1)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _changes(samples: Sequence[Sample]) -> list[Sample]:
    """The samples in which a number changed, and the last: a step needs no others."""
    changes = [samples[0]]
    for sample in samples[1:]:
        if _numbers(sample) != _numbers(changes[-1]):
            changes.append(sample)
    return [*changes, samples[-1]]


def _numbers(sample: Sample) -> tuple[int, int, int, int]:
    return sample.serving, sample.wanted, sample.minimum, sample.maximum


def _draw_load(axes: Axes, scene: Scene, seen: Customers) -> None:
    width = float(seen.edges[1] - seen.edges[0])
    served, offered = seen.told[0] / width, sum(seen.told) / width
    edges = seen.edges - scene.zero
    axes.stairs(
        served, edges, fill=True, facecolor=_SERVING, linewidth=0, label="served"
    ).set_gid("served")
    axes.stairs(offered, edges, color="black", lw=1.2, label="offered").set_gid("offered")
    most = max(1.0, float(np.max(offered)))
    for surge in scene.surges:
        at = [surge.started_at + seconds - scene.zero for seconds, _ in surge.knots]
        rates = [rate for _, rate in surge.knots]
        axes.plot(at, rates, color=_BLUE, lw=1.2, ls="--", label="asked for")
        most = max(most, *rates)
    axes.set_ylim(0, most * 1.1)
    axes.set_ylabel("orders\na second")


def _draw_latency(axes: Axes, scene: Scene, seen: Customers) -> None:
    middle = (seen.edges[:-1] + seen.edges[1:]) / 2 - scene.zero
    axes.plot(
        middle, seen.p95 * 1000, color=_IN, lw=1.2, marker=".", ms=3.5,
        label="P95 of the acknowledged",
    )  # fmt: skip
    if scene.objectives is not None:
        limit = scene.objectives.p95_seconds * 1000
        axes.axhline(
            limit, color="black", lw=0.9, ls=":", label=f"P95 objective once grown {limit:g} ms"
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_ylabel("milliseconds\nuntil acknowledged")
    axes.grid(axis="y", linewidth=0.4)


def _draw_busy(axes: Axes, scene: Scene, _: Customers) -> None:
    samples = scene.log.samples[:: max(1, -(-len(scene.log.samples) // _POINTS))]
    at = np.array([sample.at for sample in samples]) - scene.zero
    for name, color, line, values in (
        ("load, % of its target", _IN, "-", [sample.ratio for sample in samples]),
        ("CPU, % of the quota", _BLUE, "--", [sample.cpu for sample in samples]),
    ):
        known = np.array([np.nan if one is None else one * 100 for one in values])
        axes.plot(at, known, color=color, lw=1.2, ls=line, label=name)
    axes.axhline(100, color="black", lw=0.9, ls=":", label="target")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("per cent")


def _listed(scene: Scene) -> list[_Listed]:
    rows = [
        _Listed(
            number=str(number),
            at=f"{decision.at - scene.zero:+.1f} s",
            counts=f"{decision.before} → {decision.after}",
            color=_color(decision),
            why=textwrap.wrap(decision.why, _WHY_CHARACTERS, max_lines=2, placeholder=" …")
            or [""],
        )
        for number, decision in enumerate(scene.decisions, start=1)
    ]
    left_out = len(scene.log.decisions) - len(rows)
    if left_out:
        why = [f"{left_out:,} further in the scaling log"]
        rows.append(_Listed(number="", at="", counts="…", color=_BOUND, why=why))
    return rows


def _write_decisions(
    figure: Figure, listed: Sequence[_Listed], top: float, height: float
) -> None:
    def write(  # noqa: PLR0913, PLR0917 - where, what, and how it looks
        inches: float, row: int, text: str, ha: str = "left", weight: str = "normal",
        color: str = "black",
    ) -> None:  # fmt: skip
        y = 1 - (top + _LINE * row) / height
        figure.text(
            inches / WIDTH, y, printable(text), va="top", ha=ha, weight=weight, color=color
        )

    if not listed:
        write(0.25, 0, "The scaler decided nothing.")
        return
    write(0.25, 0, "Decisions of the scaler", weight="bold")
    row = 1
    for one in listed:
        write(0.5, row, one.number, "right", "bold", one.color)
        write(1.25, row, one.at, "right")
        write(1.45, row, one.counts, "left", "bold", one.color)
        for line in one.why:
            write(2.2, row, line)
            row += 1
