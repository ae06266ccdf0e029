"""What a restore costs, as a part of a Markdown page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.recovery_cost import CONFIDENCE, LEFT_OUT, Bound
from reports.wording import seconds_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.recovery_cost import Cost, Projection


def as_markdown(cost: Cost, projection: Projection) -> str:
    """Write measurements, coefficients, residuals, projection and what it leaves out."""
    lines = (
        *_measured_table(cost),
        "",
        *_coefficient_table(cost),
        "",
        _unexplained(cost),
        "",
        f"**{projection.verdict}**",
        "",
        *(f"- {remark}" for remark in _remarks(cost, projection)),
        "",
        "What this leaves out:",
        "",
        *(f"- {sentence}" for sentence in LEFT_OUT),
    )
    return "\n".join(lines) + "\n"


def _measured_table(cost: Cost) -> Iterator[str]:
    yield "| database | WAL | measured | by the line | residual |"
    yield "|---:|---:|---:|---:|---:|"
    for one in sorted(cost.measurements, key=lambda one: (one.gigabytes, one.wal_gigabytes)):
        fitted = cost.seconds_at(one.gigabytes, one.wal_gigabytes)
        yield (
            f"| {one.gigabytes:.3g} GB | {one.wal_gigabytes:.3g} GB"
            f" | {seconds_text(one.seconds)} | {seconds_text(fitted)}"
            f" | {one.seconds - fitted:+z.2f} s |"
        )


def _coefficient_table(cost: Cost) -> Iterator[str]:
    yield "| part | seconds | speed |"
    yield "|---|---:|---:|"
    yield f"| fixed | {seconds_text(cost.fixed_seconds)} | |"
    for part, seconds in (
        ("each GB of database", cost.seconds_per_gigabyte),
        ("each GB of WAL", cost.seconds_per_wal_gigabyte),
    ):
        yield f"| {part} | {seconds_text(seconds)} | {_speed(seconds)} |"


def _speed(seconds_per_gigabyte: float) -> str:
    if not seconds_per_gigabyte:
        return "too quick to measure here"
    return f"{1000 / seconds_per_gigabyte:,.1f} MB/s"


def _unexplained(cost: Cost) -> str:
    return (
        f"What the line does not explain has a standard deviation of"
        f" {seconds_text(cost.residual_seconds)}, with {cost.degrees_of_freedom} degrees of"
        " freedom."
    )


def _remarks(cost: Cost, projection: Projection) -> Iterator[str]:
    production = projection.production
    yield f"The database's part is {projection.bound}."
    if projection.bound is Bound.NETWORK:
        yield (
            "The interval's half width is what the measurements give at that size; how far"
            " the network itself varies is not in it."
        )
    yield f"One new restore would lie within the interval at {CONFIDENCE:.0%}."
    for part, size, measured in (
        ("database", production.database_gigabytes, [m.gigabytes for m in cost.measurements]),
        ("WAL", production.wal_gigabytes, [m.wal_gigabytes for m in cost.measurements]),
    ):
        if size > max(measured):
            yield f"The {part} is {size / max(measured):,.1f} times the largest measured."
