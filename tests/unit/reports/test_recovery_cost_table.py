"""Belief: whoever reads the table sees every restore, the line, and what it leaves out."""

from __future__ import annotations

import pytest

from reports.recovery_cost import (
    LEFT_OUT,
    Bound,
    Cost,
    Measurement,
    Production,
    Projection,
    Promise,
)
from reports.recovery_cost_table import as_markdown

MEASUREMENTS = tuple(
    Measurement(database_bytes=size, wal_bytes=wal, seconds=seconds)
    for size, wal, seconds in (
        (2_000_000_000, 0, 13.0),
        (500_000_000, 100_000_000, 7.25),
        (500_000_000, 0, 5.5),
        (1_000_000_000, 0, 8.001),
        (1_000_000_000, 50_000_000, 9.0),
    )
)
COST = Cost(
    measurements=MEASUREMENTS,
    fixed_seconds=3.0,
    seconds_per_gigabyte=5.0,
    seconds_per_wal_gigabyte=20.0,
    residual_seconds=0.125,
)


def table(
    cost: Cost = COST, bound: Bound = Bound.NETWORK, wal_gigabytes: float = 20
) -> list[str]:
    production = Production(
        database_gigabytes=500,
        wal_gigabytes=wal_gigabytes,
        gigabits_per_second=1,
        rto_seconds=3600,
    )
    projection = Projection(
        production=production,
        seconds=4920,
        lower_seconds=4200,
        upper_seconds=6000,
        bound=bound,
    )
    assert projection.promise is Promise.MISSED
    return as_markdown(cost, projection).splitlines()


def test_every_restore_is_in_order_with_its_residual() -> None:
    assert table()[:7] == [
        "| database | WAL | measured | by the line | residual |",
        "|---:|---:|---:|---:|---:|",
        "| 0.5 GB | 0 GB | 5.5 s | 5.5 s | +0.00 s |",
        "| 0.5 GB | 0.1 GB | 7.25 s | 7.5 s | -0.25 s |",
        "| 1 GB | 0 GB | 8 s | 8 s | +0.00 s |",
        "| 1 GB | 0.05 GB | 9 s | 9 s | +0.00 s |",
        "| 2 GB | 0 GB | 13 s | 13 s | +0.00 s |",
    ]


def test_the_line_is_told_in_seconds_and_as_speed() -> None:
    assert table()[8:15] == [
        "| part | seconds | speed |",
        "|---|---:|---:|",
        "| fixed | 3 s | |",
        "| each GB of database | 5 s | 200.0 MB/s |",
        "| each GB of WAL | 20 s | 50.0 MB/s |",
        "",
        (
            "What the line does not explain has a standard deviation of 0.125 s,"
            " with 2 degrees of freedom."
        ),
    ]


def test_what_costs_nothing_has_no_speed() -> None:
    free = Cost(
        measurements=MEASUREMENTS,
        fixed_seconds=3.0,
        seconds_per_gigabyte=0.0,
        seconds_per_wal_gigabyte=20.0,
        residual_seconds=0.125,
    )
    assert "| each GB of database | 0 s | too quick to measure here |" in table(free)


def test_the_projection_says_how_far_it_goes_and_what_bounds_it() -> None:
    lines = table()
    assert (
        "**500 GB and 20 GB of WAL on 1 Gbit/s: 1 h 22 min (1 h 10 min to 1 h 40 min):"
        " an RTO of 1 h would be MISSED**"
    ) in lines
    assert "- The database's part is bound by the network." in lines
    assert "- The database is 250.0 times the largest measured." in lines
    assert "- The WAL is 200.0 times the largest measured." in lines
    assert any("half width is what the measurements give at that size" in one for one in lines)
    assert "- One new restore would lie within the interval at 90%." in lines


def test_what_does_not_apply_is_not_said() -> None:
    lines = table(bound=Bound.MEASURED, wal_gigabytes=0.1)
    assert "- The database's part is bound by what was measured." in lines
    assert not any("half width" in one or "The WAL is" in one for one in lines)


@pytest.mark.parametrize("sentence", LEFT_OUT)
def test_what_is_left_out_is_said(sentence: str) -> None:
    assert f"- {sentence}" in table()
