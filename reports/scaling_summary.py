"""How a stack grew and shrank, as lines, as figures, and as tables of a page: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.summary import Figure, html_image, html_table
from reports.wording import beside, requests_text, seconds_text, share_text, shares_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.capacity import Capacity
    from reports.growths import Growth, Way
    from reports.scaling import Scaling
    from reports.verdict import ScalingObjectives

PARTS = ("decide", "start", "ready", "in rotation")
WAYS = ("Growth", "Instance", *(part.capitalize() for part in PARTS), "In all")
CAPACITIES = ("Instances", "One carries", "Linear to", "Samples")
_WAYS_SHOWN = 40  # a stack that flaps grows again and again
_NOT_SEEN = "not seen"
_OF_WAYS = (
    "Seconds from the threshold to the decision for an instance, and on until it was started,"
    " ready, and in rotation:"
)
_OF_CAPACITIES = (
    "Orders a second that one of so many instances carries at its target, and the share that"
    " this is of what one of the fewest carries:"
)


def scaling_notes(scaling: Scaling | None) -> list[str]:
    """What a drill's line in the terminal cannot say, in two lines; none where none was kept.

    The split is that of the instance that took longest in the longest growth.
    """
    if scaling is None:
        return []
    return [_grew(scaling), *_carries(scaling)]


def scaling_figures(
    scaling: Scaling | None, objectives: ScalingObjectives | None
) -> list[Figure]:
    """List what was measured beside what was asked for."""
    if scaling is None:
        return []
    return [*_of_time(scaling, objectives), *_of_customers(scaling, objectives),
            *_of_instances(scaling, objectives)]  # fmt: skip


def way_rows(scaling: Scaling) -> list[Sequence[str]]:
    """A row for each new instance, beneath the headings WAYS."""
    rows: list[Sequence[str]] = [
        (_from_to(growth), way.instance, *_split(way), _seconds(way.seconds))
        for growth in scaling.growths
        for way in growth.ways
    ]
    return rows[:_WAYS_SHOWN]


def capacity_rows(scaling: Scaling) -> list[Sequence[str]]:
    """A row for each number of instances, beneath the headings CAPACITIES."""
    return [
        (f"{one.instances}", _rate(one), share_text(one.linearity, 0), f"{one.samples:,}")
        for one in scaling.capacities
    ]


def as_markdown(scaling: Scaling, objectives: ScalingObjectives | None) -> str:
    """Write figures, the ways of new instances, and what one of them carries."""
    figures = scaling_figures(scaling, objectives)
    lines = [
        *_table(
            ("Figure", "Measured", "Objective"),
            [(one.name, one.measured, one.objective) for one in figures],
        ),
        "",
        _OF_WAYS,
        "",
        *_table(WAYS, way_rows(scaling)),
        "",
        _OF_CAPACITIES,
        "",
        *_table(CAPACITIES, capacity_rows(scaling)),
    ]
    return "\n".join(lines) + "\n"


def as_html(scaling: Scaling, picture: bytes) -> str:
    """Write the picture and the tables as a part of a page."""
    return (
        html_image(picture, "Instances, load, latency and CPU over time")
        + html_table(WAYS, way_rows(scaling))
        + html_table(CAPACITIES, capacity_rows(scaling))
    )


def _grew(scaling: Scaling) -> str:
    return "; ".join(filter(None, (_out(scaling), _once_grown(scaling), _in(scaling))))


def _out(scaling: Scaling) -> str:
    if not scaling.growths:
        return f"never grew, {_range(scaling)} instances serving"
    longest = max(scaling.growths, key=lambda one: one.seconds)
    further = f", the longest of {len(scaling.growths)}" if len(scaling.growths) > 1 else ""
    return (
        f"grew {_from_to(longest)} in {_least(scaling)}{seconds_text(longest.seconds)}{further}"
        f"{_split_text(longest)}"
    )


def _split_text(growth: Growth) -> str:
    way = growth.last_way
    if way is None:
        return ""
    parts = (f"{name} {taken}" for name, taken in zip(PARTS, _split(way), strict=True))
    return f" ({', '.join(parts)})"


def _once_grown(scaling: Scaling) -> str:
    if not scaling.requests_grown:
        return ""
    return (
        f"once grown P95 {_seconds(scaling.p95_grown_seconds)}, {scaling.failed_grown:,} of"
        f" {requests_text(scaling.requests_grown)} failed"
    )


def _in(scaling: Scaling) -> str:
    if not scaling.departures:
        return "no instance left"
    return f"{scaling.departures} left, {requests_text(scaling.dropped)} dropped"


def _carries(scaling: Scaling) -> Iterator[str]:
    if scaling.capacities:
        fewest, most = scaling.capacities[0], scaling.capacities[-1]
        linear = (
            f"; {most.instances} carry {share_text(most.linearity, 0)} of that each"
            if most is not fewest
            else ""
        )
        yield (
            f"one instance carries {_rate(fewest)} at its target, as one of"
            f" {fewest.instances}{linear}"
        )


def _of_time(scaling: Scaling, objectives: ScalingObjectives | None) -> Iterator[Figure]:
    asked = objectives.scale_out_seconds if objectives else None
    yield _time("Time to scale out", scaling.scale_out_seconds, asked, least=_least(scaling))
    growths = ", ".join(map(_from_to, scaling.growths[:6]))
    more = ", …" if len(scaling.growths) > 6 else ""  # noqa: PLR2004 - what a line holds
    yield Figure("Growths", f"{len(scaling.growths)}{f' ({growths}{more})' if growths else ''}")
    for growth in sorted(scaling.growths, key=lambda one: -one.seconds)[:1]:
        if growth.last_way is not None:
            for name, taken in zip(PARTS, _split(growth.last_way), strict=True):
                yield Figure(f"… of which {name}", taken)
        if growth.first_way is not None:
            yield Figure("First new instance served after", _seconds(growth.first_way.seconds))


def _of_customers(scaling: Scaling, objectives: ScalingObjectives | None) -> Iterator[Figure]:
    asked = objectives
    yield _time("P95 while growing", scaling.p95_growing_seconds, None)
    yield _share("Errors while growing", scaling.errors_growing,
                 asked.errors_while_growing if asked else None)  # fmt: skip
    yield _time("P95 once grown", scaling.p95_grown_seconds,
                asked.p95_seconds if asked else None)  # fmt: skip
    yield _share("Errors once grown", scaling.errors_grown, asked.errors if asked else None)
    yield Figure(
        "Dropped while shrinking", f"{scaling.dropped:,}", f"{asked.dropped:,}" if asked else ""
    )
    yield Figure("Refused in the surge", f"{scaling.refused:,}")
    yield Figure("Failed otherwise in the surge", f"{scaling.failed_otherwise:,}")
    if scaling.refused:
        yield _time("P95 of refusals", scaling.p95_refusal_seconds,
                    asked.refusal_seconds if asked else None)  # fmt: skip


def _of_instances(scaling: Scaling, objectives: ScalingObjectives | None) -> Iterator[Figure]:
    bounds = f"{objectives.minimum} to {objectives.maximum}" if objectives else ""
    yield Figure("Instances serving", _range(scaling), bounds)
    yield Figure("Instances that left", f"{scaling.departures}")
    overshoot = "not known" if scaling.overshoot is None else f"{scaling.overshoot}"
    yield Figure("Overshoot", overshoot, f"{objectives.overshoot}" if objectives else "")
    if objectives is not None:
        went_back = scaling.reversals(objectives.reversal_seconds)
        yield Figure("Decisions that went back", f"{went_back}", f"{objectives.reversals}")
    for note in _carries(scaling):
        yield Figure("Capacity", note)


def _time(name: str, seconds: float | None, asked: float | None, *, least: str = "") -> Figure:
    if seconds is None:
        return Figure(name, "not measured", "" if asked is None else seconds_text(asked))
    if asked is None:
        return Figure(name, f"{least}{seconds_text(seconds)}")
    measured, objective = beside(seconds, asked)
    return Figure(name, f"{least}{measured}", objective)


def _share(name: str, share: float | None, asked: float | None) -> Figure:
    if share is None:
        return Figure(name, "not measured", "" if asked is None else share_text(asked))
    if asked is None:
        return Figure(name, share_text(share))
    apart = (
        shares_apart(share, asked) if share > asked else (share_text(share), share_text(asked))
    )
    return Figure(name, *apart)


def _least(scaling: Scaling) -> str:
    return "at least " if scaling.scale_out_is_lower_bound else ""


def _split(way: Way) -> Sequence[str]:
    return tuple(map(_seconds, way.parts))


def _seconds(seconds: float | None) -> str:
    return _NOT_SEEN if seconds is None else seconds_text(seconds)


def _rate(one: Capacity) -> str:
    return f"{one.orders_per_second:.1f} orders a second"


def _range(scaling: Scaling) -> str:
    if not scaling.samples:
        return "nobody knows how many"
    return f"{scaling.least_serving} to {scaling.peak_serving}"


def _from_to(growth: Growth) -> str:
    return f"{growth.before} → {growth.after}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield "|---" * len(headings) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
