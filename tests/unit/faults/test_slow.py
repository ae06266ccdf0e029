"""We believe that a Slow is proven by a late answer, and that no Slow is beyond proof."""

from __future__ import annotations

from datetime import timedelta

import pytest

from environments.model import Latency, RoundTrip
from fixtures.faults import Slow
from tests.fakes.world import FakeEnvironment

LINK = "app-to-payments"
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("by", [timedelta(0), -SECOND, timedelta(microseconds=1500)])
def test_a_delay_is_whole_milliseconds(by: timedelta) -> None:
    with pytest.raises(ValueError, match="give whole milliseconds, at least one"):
        Slow(LINK, by)


def test_a_jitter_is_whole_milliseconds() -> None:
    with pytest.raises(ValueError, match="give whole milliseconds, at least one"):
        Slow(LINK, SECOND, timedelta(microseconds=1500))


@pytest.mark.parametrize("jitter", [-timedelta(milliseconds=1), SECOND, 2 * SECOND])
def test_a_jitter_that_could_undo_the_delay_is_refused(jitter: timedelta) -> None:
    with pytest.raises(ValueError, match="does not go with a delay of 0:00:01: give one"):
        Slow(LINK, SECOND, jitter)


@pytest.mark.parametrize(
    ("seconds", "jitter_milliseconds", "proven"),
    [(1.0, 0, True), (0.9, 0, True), (0.89, 0, False), (0.63, 300, True), (0.62, 300, False)],
)
def test_the_answer_must_be_nearly_as_late_as_the_least_delay(
    *,
    seconds: float,
    jitter_milliseconds: int,
    proven: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = FakeEnvironment()
    fault = Slow(LINK, SECOND, timedelta(milliseconds=jitter_milliseconds))
    fault.inject(world)
    monkeypatch.setattr(world.link(LINK), "round_trip", lambda **_: RoundTrip(seconds))
    assert fault.has_taken_effect(world) is proven


def test_a_long_delay_is_waited_for() -> None:
    world = FakeEnvironment()
    fault = Slow(LINK, timedelta(minutes=1), timedelta(seconds=10))
    fault.inject(world)
    assert world.link(LINK).on == {Latency(60_000, 10_000)}
    assert fault.has_taken_effect(world)
