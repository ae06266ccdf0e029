"""We believe that a Throttle is proven by a request large enough to show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from environments.model import RoundTrip
from fixtures.faults import Throttle
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from datetime import timedelta

LINK = "app-to-payments"


@pytest.mark.parametrize("rate", [0, -1, 401])
def test_a_rate_that_cannot_be_or_cannot_be_proven_is_refused(rate: int) -> None:
    with pytest.raises(ValueError, match=rf"throttled to {rate} kB/s: give from 1 to 400"):
        Throttle(LINK, rate)


@pytest.mark.parametrize(("rate", "payload"), [(1, 300), (20, 6000), (100, 8000)])
@pytest.mark.parametrize(("share", "proven"), [(0.81, True), (0.79, False)])
def test_the_request_must_take_most_of_its_time(
    *,
    rate: int,
    payload: int,
    share: float,
    proven: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, least = FakeEnvironment(), payload / (rate * 1000)
    fault = Throttle(LINK, rate)
    fault.inject(world)
    sent: list[int] = []

    def round_trip(*, payload_bytes: int, within: timedelta) -> RoundTrip:
        assert within.total_seconds() > least
        sent.append(payload_bytes)
        return RoundTrip(share * least)

    monkeypatch.setattr(world.link(LINK), "round_trip", round_trip)
    assert fault.has_taken_effect(world) is proven
    assert sent == [payload]
