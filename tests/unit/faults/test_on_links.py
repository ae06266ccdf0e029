"""We believe that each fault on a link puts on one impairment, proves it, takes that one off.

What the four share is held here once for all of them; what only one of them does is in its
own file.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from environments.model import (
    Bandwidth,
    ConnectionReset,
    Down,
    Impairment,
    ImpairmentError,
    Latency,
    UnknownNameError,
)
from fixtures.faults import Cut, Fault, Reset, Slow, Throttle
from tests.fakes.world import FakeEnvironment

LINK = "app-to-payments"
CASES: list[tuple[Fault, Impairment, str]] = [
    (
        Slow(LINK, timedelta(seconds=3)),
        Latency(3000),
        "Slow app-to-payments by 3000 ms",
    ),
    (
        Slow(LINK, timedelta(seconds=3), timedelta(milliseconds=500)),
        Latency(3000, 500),
        "Slow app-to-payments by 3000 ms ± 500 ms",
    ),
    (Cut(LINK), Down(), "Cut app-to-payments"),
    (Reset(LINK), ConnectionReset(), "Reset app-to-payments"),
    (Throttle(LINK, 10), Bandwidth(10), "Throttle app-to-payments to 10 kB/s"),
]
each = pytest.mark.parametrize(
    ("fault", "impairment", "words"), CASES, ids=[words for *_, words in CASES]
)
SOMEBODY_ELSES = Latency(7)


@pytest.fixture
def world() -> FakeEnvironment:
    return FakeEnvironment()


@each
def test_the_link_is_named_when_planned(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str
) -> None:
    del impairment
    assert fault.plan(world) == fault
    assert fault.nodes() == (LINK,)
    assert str(fault) == words


def test_a_link_that_is_not_there_is_refused_when_planned(world: FakeEnvironment) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'app-to-payments'"):
        Cut("app-to-payment").plan(world)


@each
def test_one_impairment_goes_on_and_comes_off(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str
) -> None:
    del words
    world.link(LINK).on.add(SOMEBODY_ELSES)
    fault.inject(world)
    assert world.link(LINK).on == {SOMEBODY_ELSES, impairment}
    fault.revert(world)
    assert world.link(LINK).on == {SOMEBODY_ELSES}
    assert fault.has_gone(world)


@each
def test_effect_and_its_end_are_seen(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str
) -> None:
    del impairment, words
    assert not fault.has_taken_effect(world)
    assert fault.has_gone(world)
    fault.inject(world)
    assert fault.has_taken_effect(world)
    assert not fault.has_gone(world)


@each
def test_an_impairment_that_is_listed_and_does_not_bite_is_no_effect(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str
) -> None:
    del impairment, words
    world.ignore(LINK, "bite")
    fault.inject(world)
    assert not fault.has_taken_effect(world)


@each
def test_an_impairment_that_did_not_go_on_is_no_effect(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str
) -> None:
    del impairment, words
    world.ignore(LINK, "impair")
    fault.inject(world)
    assert not fault.has_taken_effect(world)


@each
def test_the_links_own_error_is_passed_on(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str
) -> None:
    del impairment, words
    world.fail(LINK, "impair")
    with pytest.raises(ImpairmentError, match="app-to-payments was told to fail to impair"):
        fault.inject(world)


@each
def test_an_impairment_that_is_on_already_is_nobodys_drill(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str
) -> None:
    del words
    assert fault.unavailable(world) is None
    world.link(LINK).on.add(impairment)
    assert fault.unavailable(world) == f"{LINK} carries {impairment} already"


@each
def test_a_link_that_answers_nothing_already_is_nobodys_drill(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str
) -> None:
    del impairment, words
    world.node("payments").running = False
    assert fault.unavailable(world) == f"{LINK} does not answer already (reset)"


@each
def test_a_link_that_another_fault_impairs_can_be_impaired_further(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str
) -> None:
    del impairment, words
    world.link(LINK).on.add(Latency(60_000))
    assert fault.unavailable(world) is None


@pytest.mark.parametrize("fault", [Slow(LINK, timedelta(seconds=1)), Throttle(LINK, 10)])
@pytest.mark.parametrize("hidden_by", [Down(), ConnectionReset()])
def test_a_link_that_answers_nothing_proves_no_delay(
    world: FakeEnvironment, fault: Fault, hidden_by: Impairment
) -> None:
    fault.inject(world)
    world.link(LINK).on.add(hidden_by)
    assert not fault.has_taken_effect(world)


@pytest.mark.parametrize("fault", [Slow(LINK, timedelta(seconds=1)), Throttle(LINK, 10)])
def test_no_answer_at_all_is_not_a_late_one(world: FakeEnvironment, fault: Fault) -> None:
    fault.inject(world)
    world.node("payments").paused = True
    assert not fault.has_taken_effect(world)


def test_somebody_elses_delay_is_no_effect(world: FakeEnvironment) -> None:
    world.link(LINK).on.add(Latency(2000))
    assert not Slow(LINK, timedelta(seconds=1)).has_taken_effect(world)


@each
@pytest.mark.parametrize("left", [Down(), ConnectionReset()])
def test_what_somebody_else_does_to_the_link_is_not_this_faults(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str, left: Impairment
) -> None:
    del words
    world.link(LINK).on.add(left)
    assert fault.has_gone(world) is (left != impairment)


@pytest.mark.parametrize("gone", ["running", "paused"])
@each
def test_a_dead_or_frozen_upstream_is_not_the_links_fault(
    world: FakeEnvironment, fault: Fault, impairment: Impairment, words: str, gone: str
) -> None:
    del impairment, words
    fault.inject(world)
    upstream = world.node("payments")
    upstream.running, upstream.paused = gone != "running", gone == "paused"
    fault.revert(world)
    assert fault.has_gone(world)


@each
def test_a_link_that_still_refuses_is_not_mended(
    world: FakeEnvironment,
    fault: Fault,
    impairment: Impairment,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del impairment, words
    monkeypatch.setattr(world.link(LINK), "_failure", lambda: "refused")
    assert not fault.has_gone(world)
