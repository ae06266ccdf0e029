"""Belief: changes and intruders are judged as the slow, obvious reference judges them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from reports.changes_log import By, ChangeEvent, ChangeKind, ChangesLog, Step
from reports.harm import Harm, measure_harm
from reports.intruder_log import (
    Deed,
    Detected,
    IntruderAttempt,
    IntruderLog,
    Result,
    ShutOut,
)
from reports.intrusion import measure_intrusion
from reports.reasons_of_changes import (
    doubts_of_changes,
    missed_in_changes,
    why_change_is_invalid,
)
from reports.reasons_of_intrusion import (
    doubts_of_breach,
    missed_in_breach,
    why_breach_is_invalid,
)
from reports.verdict import BreachObjectives, ChangeObjectives, Watch
from tests.property.reports import reference_of_changes as reference
from tests.property.reports.histories import as_ledger, attempts, quarters
from tests.property.reports.reference import Attempt
from tests.property.reports.reference_of_changes import Breach, History, Said, Tried, Wish

EXAMPLES = settings(max_examples=200, deadline=None)
EVENTS = [step.value for step in Step]


@st.composite
def chaotic_histories(draw: st.DrawFn) -> History:
    said = st.builds(
        Said,
        at=quarters(0, 24),
        change=st.sampled_from("ab"),
        kind=st.sampled_from(("release", "release", "flag")),
        event=st.sampled_from([*EVENTS, "started", "rolled back", "promoted"]),
        share=st.sampled_from((None, 0.0, 0.5)),
        by=st.sampled_from(("itself", "people")),
    )
    steady = draw(quarters(0, 3))
    return History(
        said=sorted(draw(st.lists(said, min_size=1, max_size=8)), key=lambda one: one.at),
        asked=draw(st.none() | quarters(0, 30)),
        orders=draw(st.lists(attempts(), max_size=16)),
        reads=draw(st.lists(attempts(), max_size=8)),
        steady=steady,
        stopped=steady + draw(quarters(0, 24)),
        slow=draw(st.sampled_from((0.5, 0.25, None))),
    )


@st.composite
def plausible_histories(draw: st.DrawFn) -> History:
    """A bad release among customers of a steady load, and mostly its rollback."""
    stopped = 24.0
    started = draw(quarters(2, 6))
    rolled_back = started + draw(quarters(1, 10))
    last = draw(st.sampled_from(("rolled back", "rolled back", "rolled back", "promoted")))
    by = draw(st.sampled_from(("itself", "itself", "people")))
    story = [
        Said(started - 1, "a", "release", "proposed", None, "people"),
        Said(started, "a", "release", "started", 0.0, by),
        Said(rolled_back, "a", "release", last, 0.0, by),
        Said(rolled_back + 0.5, "a", "release", "stable", 0.0, by),
    ]
    bad_until = rolled_back + draw(st.sampled_from((0.0, 0.0, 0.0, 0.75, 3.0)))
    every = draw(st.integers(1, 5))
    tried = []
    for number in range(int(stopped * 4)):
        at = number / 4
        bad = started < at <= bad_until and number % every == 0
        told = draw(st.sampled_from(("NO", "YES"))) if bad else "YES"
        took = 1.0 if bad else 0.25
        seen = "PAID" if told == "YES" else "UNKNOWN"
        tried.append(Attempt(number, number, at, at + took, told, seen=seen))
    return History(
        said=story[: draw(st.sampled_from((4, 4, 4, 3, 2)))],
        asked=draw(st.sampled_from((None, stopped, stopped, 12.0))),
        orders=tried,
        reads=draw(st.lists(attempts(), max_size=2)),
        steady=0.0,
        stopped=stopped,
        slow=draw(st.sampled_from((0.5, 0.5, None))),
    )


histories = chaotic_histories() | plausible_histories()
wishes = st.builds(
    Wish,
    harmed=st.sampled_from((0.0, 0.2, 1.0, 1.0)),
    ends=st.sampled_from(("rolled back", "rolled back", "rolled back", "promoted")),
    by=st.sampled_from((None, None, "itself")),
    harm_seconds=st.sampled_from((None, None, 2.0, 8.0)),
    rollback=st.sampled_from((None, 2.0, 4.0, 12.0)),
    rollback_from_start=st.sampled_from((None, None, 4.0, 8.0)),
    failed=st.sampled_from((None, 0.0, 0.1)),
    after=st.sampled_from((0, 1, 10**9)),
    slow_after=st.sampled_from((None, None, 0, 2)),
    bites=st.sampled_from((0, 0, 0, 1, 3)),
    kind=st.sampled_from((None, None, None, "release", "flag")),
)


def as_log(history: History) -> ChangesLog:
    return ChangesLog(
        events=[
            ChangeEvent(
                at=one.at, change=one.change, kind=ChangeKind(one.kind), event=Step(one.event),
                share=one.share, by=By(one.by), why="",
            )
            for one in history.said
        ],
        asked_at=history.asked,
    )  # fmt: skip


def watch_of(history: History) -> Watch:
    return Watch(started_at=history.steady, ended_at=history.stopped)


def measured(history: History) -> Harm:
    ledger = as_ledger(history.orders, history.reads)
    return measure_harm(
        as_log(history), ledger, watch=watch_of(history), slow_seconds=history.slow
    )


def as_objectives(wish: Wish) -> ChangeObjectives:
    return ChangeObjectives(
        harmed=wish.harmed,
        ends=wish.ends,  # type: ignore[arg-type]
        by=wish.by,  # type: ignore[arg-type]
        harm_seconds=wish.harm_seconds,
        rollback_seconds=wish.rollback,
        rollback_from_start_seconds=wish.rollback_from_start,
        failed=wish.failed,
        harmed_after=wish.after,
        slow_after=wish.slow_after,
        bites=wish.bites,
        kind=wish.kind,  # type: ignore[arg-type]
    )


def missed(history: History, wish: Wish) -> set[str]:
    """How each sentence begins that says what was missed."""
    sentences = missed_in_changes(measured(history), as_objectives(wish))
    return {sentence.partition(":")[0] for sentence in sentences}


def outcome(history: History, wish: Wish) -> str:
    """What the evidence comes to, of changes alone."""
    harm, objectives = measured(history), as_objectives(wish)
    if list(why_change_is_invalid(harm, objectives)):
        return "INCONCLUSIVE"
    if list(missed_in_changes(harm, objectives)):
        return "MISSED"
    doubts = list(doubts_of_changes(harm, objectives, watch_of(history)))
    return "INCONCLUSIVE" if doubts else "MET"


@EXAMPLES
@given(histories)
def test_harm_is_counted_as_by_the_reference(history: History) -> None:
    changes = measured(history).changes
    names = reference.names(history)
    event(f"{len(names)} changes")
    assert [(one.kind.value, one.change) for one in changes] == names
    for one, name in zip(changes, names, strict=True):
        met, after = reference.met(history, name), reference.after(history, name)
        times = reference.harm_times(history, name)
        ended = reference.ending(history, name)
        event(f"harmed {min(one.harmed, 2)}, after {min(one.harmed_after, 2)}")
        assert one.began_at == reference.began(history, name)
        assert (one.requests, one.requests_after) == (len(met), len(after))
        assert one.harmed == sum(reference.harmed(history, each) for each in met)
        assert one.failed == sum(reference.failed(history, each) for each in met)
        assert one.failed_after == sum(reference.failed(history, each) for each in after)
        assert one.slow_after == sum(reference.slow(history, each) for each in after)
        assert one.first_harmed_at == (times[0] if times else None)
        assert one.last_harmed_at == (times[-1] if times else None)
        assert (one.ended, one.ended_at, one.by) == (
            (ended.event, ended.at, ended.by) if ended else (None, None, None)
        )


@EXAMPLES
@given(histories, wishes)
def test_what_was_missed_is_what_the_reference_misses(history: History, wish: Wish) -> None:
    expected = reference.misses(history, wish)
    for one in expected:
        event(one)
    assert missed(history, wish) == expected


@EXAMPLES
@given(plausible_histories(), wishes)
def test_the_outcome_is_that_of_the_reference(history: History, wish: Wish) -> None:
    if reference.invalid(history, wish):
        expected = "INCONCLUSIVE"
    elif reference.misses(history, wish):
        expected = "MISSED"
    else:
        expected = "INCONCLUSIVE" if reference.doubts(history, wish) else "MET"
    event(expected)
    assert outcome(history, wish) == expected


@EXAMPLES
@given(histories, wishes, quarters(0, 24))
def test_a_request_more_that_fails_never_makes_it_better(
    history: History, wish: Wish, began: float
) -> None:
    lost = Attempt(10_000, 1, began, None, "PENDING")
    worse = replace(history, reads=[*history.reads, lost])
    assert missed(worse, wish) >= missed(history, wish)


@EXAMPLES
@given(histories, wishes, quarters(0, 24))
def test_a_prompt_answer_more_never_makes_it_worse(
    history: History, wish: Wish, began: float
) -> None:
    answer = Attempt(10_000, 1, began, began, "YES", seen="PAID")
    better = replace(history, reads=[*history.reads, answer])
    assert missed(better, wish) <= missed(history, wish)


tries = st.builds(
    Tried,
    at=quarters(0, 12),
    intruder=st.just("inside"),
    credential=st.sampled_from("ab"),
    what=st.sampled_from([deed.value for deed in Deed]),
    outcome=st.sampled_from(("in", "out", "out", "unknown")),
)


@st.composite
def breaches(draw: st.DrawFn) -> Breach:
    tried = draw(st.lists(tries, min_size=1, max_size=12))
    if draw(st.booleans()):  # as it is in life: from some moment on nothing succeeds
        out = draw(quarters(2, 10))
        tried = [
            replace(one, outcome="out") if one.at >= out and one.outcome == "in" else one
            for one in tried
        ]
    signals = draw(st.lists(st.tuples(quarters(0, 12), st.sampled_from("xy")), max_size=3))
    claims = draw(st.lists(quarters(0, 12), max_size=2))
    return Breach(tried=tried, signals=signals, claims=claims)


def as_intruder_log(breach: Breach) -> IntruderLog:
    return IntruderLog(
        attempts=[
            IntruderAttempt(
                at=one.at, intruder=one.intruder, credential=one.credential,
                what=Deed(one.what), outcome=Result(one.outcome), subject="", said="",
            )
            for one in sorted(breach.tried, key=lambda one: one.at)
        ],
        detections=[Detected(at=at, signal=signal) for at, signal in sorted(breach.signals)],
        shut_outs=[ShutOut(at=at) for at in sorted(breach.claims)],
    )  # fmt: skip


@EXAMPLES
@given(
    breaches(),
    st.sampled_from((1.0, 4.0, 20.0)),
    st.sampled_from((2.0, 6.0, 20.0)),
    st.integers(0, 3),
)
def test_a_breach_is_judged_as_by_the_reference(
    breach: Breach, detect: float, shut_out: float, refused: int
) -> None:
    seen = measure_intrusion(as_intruder_log(breach))
    objectives = BreachObjectives(
        detect_seconds=detect, shut_out_seconds=shut_out, refused_after=refused
    )
    expected = reference.breach_misses(breach, detect, shut_out)
    for one in expected:
        event(one)
    found = {one.partition(":")[0] for one in missed_in_breach(seen, objectives)}
    assert found == expected
    doubts = reference.breach_doubts(breach, detect, shut_out, refused)
    event(f"doubts {doubts}")
    assert bool(list(doubts_of_breach(seen, objectives))) == doubts
    never = reference.first_in(breach) is None
    assert bool(list(why_breach_is_invalid(seen))) == never


@EXAMPLES
@given(breaches())
def test_every_attempt_of_an_intruder_is_counted_once(breach: Breach) -> None:
    seen = measure_intrusion(as_intruder_log(breach))
    counted = Counter(one.outcome for one in breach.tried)
    assert seen.attempts == len(breach.tried)
    assert sum(one.got_in for one in seen.uses) == counted["in"]
    assert sum(one.refused for one in seen.uses) == counted["out"]
    assert [(one.at, one.signal) for one in seen.signals] == sorted(
        (min(at for at, name in breach.signals if name == signal), signal)
        for signal in {name for _, name in breach.signals}
    )
