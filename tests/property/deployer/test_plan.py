"""We believe that weights give the share that was asked for, as far as whole numbers can."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from environments.replica.images.deployer.deploying.plan import weights

MANY = st.integers(1, 10)


@given(st.floats(0.02, 0.98), MANY, MANY)
def test_green_gets_its_share(share: float, blue: int, green: int) -> None:
    one_blue, one_green = weights(share, blue, green)
    whole = blue * one_blue + green * one_green
    assert green * one_green / whole == pytest.approx(share, abs=0.02)


@given(st.floats(0.001, 0.999), MANY, MANY)
def test_every_weight_is_one_that_the_edge_takes(share: float, blue: int, green: int) -> None:
    assert all(1 <= weight <= 256 for weight in weights(share, blue, green))
