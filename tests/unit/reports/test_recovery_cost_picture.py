"""Belief: the picture shows every restore, the band and the RTO, and leaves no state behind."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from reports.recovery_cost import Cost, Measurement, Production, fit, project
from reports.recovery_cost_picture import draw

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRODUCTION = Production(
    database_gigabytes=500, wal_gigabytes=20, gigabits_per_second=1, rto_seconds=3600
)
NOISE = (0.4, -0.3, 0.2, -0.5, 0.3, -0.1)


@pytest.fixture(scope="module")
def cost() -> Cost:
    sizes = product((1, 3, 9), (0, 1))
    return fit(
        [
            Measurement(
                database_bytes=size * 10**8,
                wal_bytes=wal * 10**8,
                seconds=3 + size * 0.6 + wal * 2 + noise,
            )
            for (size, wal), noise in zip(sizes, NOISE, strict=True)
        ]
    )


def pixels(png: bytes) -> NDArray[np.float64]:
    return np.asarray(matplotlib.image.imread(io.BytesIO(png), format="png"))[:, :, :3]


def of_color(image: NDArray[np.float64], color: str) -> NDArray[np.bool_]:
    return np.asarray(np.all(np.abs(image - to_rgb(color)) < 0.01, axis=2))


def dotted_rows(image: NDArray[np.float64]) -> list[int]:
    """The rows of the right half that a dotted black line crosses from side to side."""
    lightest = image.max(axis=2)[:, image.shape[1] // 2 + 150 :]
    dark = np.mean(lightest < 0.3, axis=1)
    return [int(row) for row in np.flatnonzero((dark > 0.3) & (dark < 0.6))]


def test_it_has_the_size_that_reports_show(cost: Cost) -> None:
    assert pixels(draw(cost, project(cost, PRODUCTION))).shape == (750, 1800, 3)


def test_the_same_gives_the_same_bytes(cost: Cost) -> None:
    projection = project(cost, PRODUCTION)
    assert draw(cost, projection) == draw(cost, projection)


def test_both_lines_and_the_way_to_production_are_there(cost: Cost) -> None:
    image = pixels(draw(cost, project(cost, PRODUCTION)))
    half = image.shape[1] // 2
    for color in ("#0072B2", "#D55E00"):
        assert of_color(image[:, :half], color).sum() > 300
        assert of_color(image[:, half:], color).sum() == 0
    assert of_color(image[:, half:], "#007A59").sum() > 600
    assert of_color(image[:, :half], "#007A59").sum() == 0


def test_a_longer_rto_is_drawn_further_up(cost: Cost) -> None:
    short, long = (
        dotted_rows(pixels(draw(cost, project(cost, replace(PRODUCTION, rto_seconds=rto)))))
        for rto in (120, 1800)
    )
    assert short
    assert long
    assert min(short) > max(long) + 50  # rows are counted from the top


@pytest.mark.parametrize("band", ["#DEEDF5", "#FAEADE", "#D6EAE4"])
def test_a_noisier_cost_has_wider_bands(cost: Cost, band: str) -> None:
    noisy = replace(cost, residual_seconds=cost.residual_seconds * 2)
    narrow, wide = (
        of_color(pixels(draw(one, project(one, PRODUCTION))), band).sum()
        for one in (cost, noisy)
    )
    assert wide > narrow > 0


@pytest.mark.parametrize(
    "odd",
    [
        {"database_gigabytes": 1e-6, "wal_gigabytes": 1e-6},
        {"database_gigabytes": 1e6, "wal_gigabytes": 1e6, "gigabits_per_second": 1e-6},
        {"gigabits_per_second": 1e6, "rto_seconds": 0.001},
        {"rto_seconds": 8760 * 3600.0},
    ],
)
def test_odd_productions_are_drawn_without_a_warning(cost: Cost, odd: dict[str, float]) -> None:
    draw(cost, project(cost, replace(PRODUCTION, **odd)))  # pytest makes warnings errors


def test_no_state_is_left_behind(cost: Cost) -> None:
    before = mpl.rcParams.copy()
    draw(cost, project(cost, PRODUCTION))
    assert mpl.rcParams.copy() == before
