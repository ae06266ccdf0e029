"""Histories of stacks that grow and shrink, adversarial and plausible ones.

All times are quarters of a second, and all ratios eighths, which floats hold exactly.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from reports.reasons_of_scaling import (
    doubts_of_scaling,
    missed_in_scaling,
    why_load_is_invalid,
)
from reports.scaling import Scaling, measure_scaling
from reports.scaling_log import Decision, Sample, ScalingLog, Stage, StageName
from reports.surges import Surge
from reports.verdict import Injection, ScalingObjectives, Watch
from tests.property.reports.histories import as_ledger, attempts, quarters
from tests.property.reports.reference import Attempt
from tests.property.reports.reference_of_scaling import (
    TOLERANCE,
    Change,
    History,
    Look,
    Step,
    Wish,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAXIMUM = 6
ratios = st.none() | st.integers(0, 20).map(lambda eighths: eighths / 8)
counts = st.integers(0, MAXIMUM + 1)


@st.composite
def looks(draw: st.DrawFn) -> list[Look]:
    """At moments of all kinds, in which a number mostly stays what it was."""
    at = draw(quarters(0, 4))
    wanted, serving, ratio = draw(counts), draw(counts), draw(ratios)
    found = []
    for _ in range(draw(st.integers(0, 30))):
        at += draw(st.sampled_from((0.25, 0.25, 0.5, 1.0, 1.0, 2.0, 2.25)))
        wanted = draw(st.just(wanted) | counts)
        serving = draw(st.just(serving) | st.just(wanted) | counts)
        ratio = draw(st.just(ratio) | ratios)
        found.append(Look(at, wanted, serving, MAXIMUM, ratio))
    return found


@st.composite
def changes(draw: st.DrawFn, seen: Sequence[Look]) -> list[Change]:
    """At moments of their own, and at those at which somebody looked."""
    moments = quarters(0, 30)
    if seen:
        moments |= st.sampled_from([look.at for look in seen])
    fewest = draw(st.sampled_from((0, 3)))
    times = sorted(draw(st.lists(moments, min_size=fewest, max_size=6)))
    return [
        Change(at, number, draw(counts), draw(counts))
        for number, at in enumerate(times, start=1)
    ]


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    fewest = draw(st.sampled_from((0, 8)))
    times = sorted(draw(st.lists(quarters(0, 30), min_size=fewest, max_size=12)))
    stages = st.sampled_from([*(stage.value for stage in StageName), "stopped", "draining"])
    numbers = st.sampled_from((None, 1, 1, 2, 2, 3, 4))
    return [Step(at, draw(st.sampled_from("ab")), draw(stages), draw(numbers)) for at in times]


@st.composite
def knots(draw: st.DrawFn) -> list[tuple[float, float]]:
    times = sorted({*draw(st.lists(quarters(0, 16), min_size=2, max_size=4)), 0.0, 4.0})
    rates = st.sampled_from((0.0, 8.0, 16.0, 64.0))
    return [(at, draw(rates)) for at in times for _ in range(draw(st.integers(1, 2)))]


@st.composite
def chaotic_histories(draw: st.DrawFn) -> History:
    steady = draw(quarters(0, 3))
    surge_at = steady + draw(quarters(0, 8))
    seen = draw(looks())
    return History(
        looks=seen,
        changes=draw(changes(seen)),
        steps=draw(steps()),
        orders=draw(st.lists(attempts(), max_size=24)),
        reads=draw(st.lists(attempts(), max_size=8)),
        surge_at=surge_at,
        knots=draw(st.just([]) | knots()),
        steady=steady,
        stopped=surge_at + draw(quarters(0, 24)),
    )


@st.composite
def plausible_histories(draw: st.DrawFn) -> History:
    """A scaler that follows its load, over a surge that customers bring as it is asked for."""
    surge_at, stopped = 8.0, 40.0
    high, lasting = draw(st.sampled_from((16.0, 32.0, 64.0))), draw(quarters(8, 20))
    shape = [(0.0, 8.0), (0.0, high), (lasting, high), (lasting, 8.0)]
    story = _Scaler(
        carries=draw(st.sampled_from((4.0, 6.0))),
        lag=draw(st.sampled_from((1.0, 3.0))),
        cool_down=draw(st.sampled_from((0.0, 3.0))),
        maximum=draw(st.sampled_from((4, MAXIMUM))),
        starting=draw(quarters(0.5, 6)),
        drains=draw(st.booleans()),
    )
    for turn in range(int(stopped * 4)):
        since = turn / 4 - surge_at
        story.look(turn / 4, high if 0 <= since < lasting else 8.0)
    orders = list(_orders(high, surge_at, lasting, stopped))
    for _ in range(draw(st.integers(0, 3))):
        _fail(draw, orders)
    hidden = draw(st.sampled_from((None, None, None, 10.0, 30.0)))
    return History(
        looks=[
            one for one in story.looks if hidden is None or not hidden <= one.at < hidden + 3
        ],
        changes=story.changes,
        steps=_without_one(draw, sorted(story.steps, key=lambda one: one.at)),
        orders=orders,
        reads=draw(st.lists(attempts(), max_size=4)),
        surge_at=surge_at,
        knots=draw(st.sampled_from((shape, shape, shape, []))),
        steady=0.0,
        stopped=stopped,
    )


class _Scaler:
    """Wants as many as carry the load that it saw a while ago; each takes as long to start."""

    def __init__(
        self,
        *,
        carries: float,
        lag: float,
        cool_down: float,
        maximum: int,
        starting: float,
        drains: bool,
    ) -> None:
        self.drains = drains
        self.carries, self.lag, self.cool_down = carries, lag, cool_down
        self.maximum, self.starting = maximum, starting
        self.wanted = self.serving = 2
        self.changed_at = 0.0
        self.rates: list[float] = []
        self.coming: list[float] = []
        self.looks: list[Look] = []
        self.changes: list[Change] = []
        self.steps: list[Step] = []

    def look(self, at: float, rate: float) -> None:
        self.rates.append(rate)
        seen = self.rates[-1 - min(len(self.rates) - 1, int(self.lag * 4))]
        ratio = int(seen / self.carries / self.serving * 8) / 8
        wanted = max(2, min(self.maximum, -int(-self.serving * ratio // 1)))
        if abs(ratio - 1) > TOLERANCE and wanted != self.wanted:
            self._decide(at, wanted)
        self.serving += sum(1 for one in self.coming if one <= at)
        self.coming = [one for one in self.coming if one > at]
        self.looks.append(Look(at, self.wanted, self.serving, self.maximum, ratio))

    def _decide(self, at: float, wanted: int) -> None:
        number = len(self.changes) + 1
        if wanted > self.wanted and not self.coming:
            for place in range(self.wanted, wanted):
                self.coming.append(at + self.starting)
                for stage, after in (("started", 0.25), ("ready", self.starting)):
                    self.steps.append(Step(at + after, f"app-{place}", stage, number))
                serving = Step(at + self.starting, f"app-{place}", "serving", number)
                self.steps.append(serving)
        elif wanted < self.wanted and at - self.changed_at >= self.cool_down + 1:
            for place in range(wanted, self.wanted):
                if self.drains:
                    self.steps.append(Step(at, f"app-{place}", "draining", number))
                self.steps.append(Step(at + 1, f"app-{place}", "stopped", number))
            self.serving, self.coming = min(self.serving, wanted), []
        else:
            return
        self.changes.append(Change(at, number, self.wanted, wanted))
        self.wanted, self.changed_at = wanted, at


def _without_one(draw: st.DrawFn, steps: list[Step]) -> list[Step]:
    """What nobody heard of, now and then."""
    is_missed = draw(st.booleans())
    if steps and is_missed:
        steps.pop(draw(st.integers(0, len(steps) - 1)))
    return steps


def _orders(high: float, surge_at: float, lasting: float, stopped: float) -> list[Attempt]:
    orders: list[Attempt] = []
    for turn in range(int(stopped * 8)):
        at = turn / 8
        rate = high if surge_at <= at < surge_at + lasting else 8.0
        for part in range(int(rate / 8)):
            began = at + part / 8 / (rate / 8)
            orders.append(Attempt(len(orders), 1, began, began + 0.125, "YES", seen="PENDING"))
    return orders


def _fail(draw: st.DrawFn, orders: list[Attempt]) -> None:
    first = draw(st.integers(0, len(orders) - 1))
    told, took = draw(st.sampled_from(("NO", "UNKNOWN"))), draw(st.sampled_from((0.25, 3.0)))
    for place in range(first, min(len(orders), first + draw(st.integers(1, 40)))):
        began = orders[place].began
        orders[place] = replace(orders[place], told=told, ended=began + took, seen="UNKNOWN")


histories = chaotic_histories() | plausible_histories()

wishes = st.builds(
    Wish,
    scale_out=st.sampled_from((2.0, 6.0, 1e9)),
    p95=st.sampled_from((0.125, 0.25, 1e9)),
    errors=st.sampled_from((0.0, 0.05, 1.0)),
    errors_growing=st.sampled_from((0.0, 0.2, 1.0)),
    dropped=st.sampled_from((0, 2, 10**9)),
    overshoot=st.sampled_from((0, 1, 10**9)),
    reversals=st.sampled_from((0, 1, 10**9)),
    reversal_seconds=st.sampled_from((1.0, 4.0, 12.0)),
    minimum=st.sampled_from((0, 2, 3)),
    maximum=st.sampled_from((4, MAXIMUM, 10**9)),
    reaches=st.sampled_from((None, None, 4, MAXIMUM)),
    refusal=st.sampled_from((None, None, 0.25, 5.0)),
)


def as_log(history: History) -> ScalingLog:
    return ScalingLog(
        samples=[
            Sample(
                at=one.at, wanted=one.wanted, serving=one.serving, minimum=0,
                maximum=one.maximum, tolerance=TOLERANCE, ratio=one.ratio, cpu=None,
                memory=None, rate=None,
            )
            for one in history.looks
        ],
        decisions=[
            Decision(at=one.at, number=one.number, before=one.before, after=one.after, why="")
            for one in history.changes
        ],
        stages=[
            Stage(
                at=one.at, instance=one.instance, stage=StageName(one.stage),
                decision=one.decision,
            )
            for one in history.steps
        ],
    )  # fmt: skip


def as_objectives(wish: Wish) -> ScalingObjectives:
    return ScalingObjectives(
        scale_out_seconds=wish.scale_out,
        errors_while_growing=wish.errors_growing,
        overshoot=wish.overshoot,
        reversal_seconds=wish.reversal_seconds,
        p95_seconds=wish.p95,
        errors=wish.errors,
        dropped=wish.dropped,
        reversals=wish.reversals,
        minimum=wish.minimum,
        maximum=wish.maximum,
        reaches=wish.reaches,
        refusal_seconds=wish.refusal,
    )


def measured(history: History) -> Scaling:
    surges = [Surge(history.surge_at, history.knots)] if history.knots else []
    return measure_scaling(
        as_log(history),
        as_ledger(history.orders, history.reads),
        surges=surges,
        injections=[
            Injection(
                fault="Surge",
                started_at=history.surge_at,
                took_effect_at=history.surge_at,
                gone_at=history.stopped,
            )
        ],
        watch=Watch(started_at=history.steady, ended_at=history.stopped),
    )


def missed(history: History, wish: Wish) -> set[str]:
    """How each sentence begins that says what was missed."""
    sentences = missed_in_scaling(measured(history), as_objectives(wish))
    return {sentence.partition(":")[0] for sentence in sentences}


def outcome(history: History, wish: Wish) -> str:
    """What the evidence comes to, of scaling alone."""
    scaling, objectives = measured(history), as_objectives(wish)
    watch = Watch(started_at=history.steady, ended_at=history.stopped)
    if list(why_load_is_invalid(scaling)):
        return "INCONCLUSIVE"
    if list(missed_in_scaling(scaling, objectives)):
        return "MISSED"
    return "INCONCLUSIVE" if list(doubts_of_scaling(scaling, objectives, watch)) else "MET"


def timed(history: History, move: Callable[[float], float]) -> History:
    """The same history, every time of it moved."""

    def all_of(some: Sequence[Attempt]) -> list[Attempt]:
        return [
            replace(
                one,
                began=move(one.began),
                ended=None if one.ended is None else move(one.ended),
            )
            for one in some
        ]

    return replace(
        history,
        looks=[replace(one, at=move(one.at)) for one in history.looks],
        changes=[replace(one, at=move(one.at)) for one in history.changes],
        steps=[replace(one, at=move(one.at)) for one in history.steps],
        orders=all_of(history.orders),
        reads=all_of(history.reads),
        surge_at=move(history.surge_at),
        steady=move(history.steady),
        stopped=move(history.stopped),
    )
