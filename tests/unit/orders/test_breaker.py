"""We believe that the breaker stops calls to what keeps failing, then probes one by one.

This holds whatever the order in which calls end.
"""

from __future__ import annotations

import hypothesis.strategies as st
from configuration.schema import BreakerLimits
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from environments.replica.images.orders.orders.breaker import (
    FAILURES_TO_OPEN,
    OPEN_SECONDS,
    PROBES,
    WINDOW,
    Breaker,
    Permit,
    State,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def tell(permit: Permit | None, *, ok: bool) -> None:
    assert permit is not None
    if ok:
        permit.succeeded()
    else:
        permit.failed()


def state(breaker: Breaker) -> State:
    """Ask anew: a state changes by itself with time."""
    return breaker.state


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(FAILURES_TO_OPEN):
        tell(breaker.ask(), ok=False)
    return breaker


def test_what_is_enough_and_for_how_long_is_read_anew() -> None:
    clock, limits = Clock(), BreakerLimits(failures_to_open=3, open_seconds=9)
    breaker = Breaker(clock, lambda: limits)
    tell(breaker.ask(), ok=False)
    limits = BreakerLimits(failures_to_open=2, open_seconds=9)
    tell(breaker.ask(), ok=False)
    clock.now += 8
    assert state(breaker) is State.OPEN
    limits = BreakerLimits(failures_to_open=2, open_seconds=8)
    assert state(breaker) is State.HALF_OPEN


def test_enough_failures_open_it() -> None:
    breaker = Breaker(Clock())
    for _ in range(FAILURES_TO_OPEN - 1):
        tell(breaker.ask(), ok=False)
    assert state(breaker) is State.CLOSED
    tell(breaker.ask(), ok=False)
    assert state(breaker) is State.OPEN
    assert breaker.ask() is None
    assert breaker.ask_to_probe() is None


def test_failures_thinned_by_successes_do_not_open_it() -> None:
    breaker = Breaker(Clock())
    for _ in range(10 * WINDOW):
        tell(breaker.ask(), ok=False)
        tell(breaker.ask(), ok=True)
        tell(breaker.ask(), ok=True)
    assert state(breaker) is State.CLOSED


def test_customers_never_probe() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += OPEN_SECONDS
    assert state(breaker) is State.HALF_OPEN
    assert breaker.ask() is None
    assert breaker.ask_to_probe() is not None


def test_probes_that_succeed_close_it_and_one_that_fails_opens_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += OPEN_SECONDS
    tell(breaker.ask_to_probe(), ok=False)
    assert state(breaker) is State.OPEN
    clock.now += OPEN_SECONDS
    for _ in range(PROBES):
        assert state(breaker) is State.HALF_OPEN
        tell(breaker.ask_to_probe(), ok=True)
    assert state(breaker) is State.CLOSED


def test_a_call_that_ends_late_says_nothing_about_now() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    late = [breaker.ask() for _ in range(PROBES + 1)]
    for _ in range(FAILURES_TO_OPEN):
        tell(breaker.ask(), ok=False)
    clock.now += OPEN_SECONDS
    for permit in late[:PROBES]:
        tell(permit, ok=True)
    assert state(breaker) is State.HALF_OPEN
    tell(late[PROBES], ok=False)
    assert state(breaker) is State.HALF_OPEN


class BreakerMachine(RuleBasedStateMachine):
    """Against a model that keeps everything that happened and decides from scratch."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(self.clock)
        self.calls: list[tuple[Permit, int]] = []  # under way, and the era they began in
        self.era = 0
        self.heard: list[bool] = []  # in this era, oldest first
        self.opened_at: float | None = None

    @property
    def expected(self) -> State:
        if self.opened_at is None:
            return State.CLOSED
        young = self.clock.now - self.opened_at < OPEN_SECONDS
        return State.OPEN if young else State.HALF_OPEN

    def is_probed(self) -> bool:
        return any(era == self.era for _, era in self.calls)

    @rule(seconds=st.sampled_from([0.0, 0.3, OPEN_SECONDS]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def a_customer_asks(self) -> None:
        permit = self.breaker.ask()
        assert (permit is not None) == (self.expected is State.CLOSED)
        if permit is not None:
            self.calls.append((permit, self.era))

    @rule()
    def settlement_asks(self) -> None:
        permit = self.breaker.ask_to_probe()
        free = self.expected is State.HALF_OPEN and not self.is_probed()
        assert (permit is not None) == (self.expected is State.CLOSED or free)
        if permit is not None:
            self.calls.append((permit, self.era))

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), ok=st.booleans())
    def a_call_ends(self, data: st.DataObject, ok: bool) -> None:  # noqa: FBT001 - a drawn value
        place = data.draw(st.integers(0, len(self.calls) - 1))
        permit, era = self.calls.pop(place)
        tell(permit, ok=ok)
        tell(permit, ok=not ok)  # only the first word counts
        if era == self.era:
            self.heard.append(ok)
            self.decide()

    def decide(self) -> None:
        if self.opened_at is None:
            if self.heard[-WINDOW:].count(False) >= FAILURES_TO_OPEN:
                self.change(self.clock.now)
        elif not self.heard[-1]:
            self.change(self.clock.now)
        elif len(self.heard) == PROBES:
            self.change(None)

    def change(self, opened_at: float | None) -> None:
        self.era += 1
        self.heard = []
        self.opened_at = opened_at

    @invariant()
    def states_agree(self) -> None:
        assert self.breaker.state is self.expected


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=200, deadline=None)
